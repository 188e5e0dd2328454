"""What mails are sent for, such as an enrollment, as mail asks it and tells it what happened.

Whoever changes an origin locks it before its mails.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from sequencer.mail.mailboxes.senders import SenderChoice
from sequencer.mail.messages.schemas import Message
from sequencer.mail.send_windows.rules import Window
from sequencer.replica.schemas import Contact, Lock, Zones
from shared.events.base import Cause
from shared.uow import UnitOfWork

ExitReason = Literal["replied", "unsubscribed"]
"""Why an origin exits because of its mail."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mail must not leave, and the state that the ledger gives it."""

    state: Literal["cancelled", "expired", "suppressed"]
    reason: str
    reevaluate: bool = True
    """Whether its origin may have to end or to pause for the same reason."""


@dataclass(frozen=True, slots=True)
class Postponement:
    """A mail leaves at `until` at the earliest."""

    until: datetime
    reevaluate: bool = False
    """Whether its origin may have planned another mail by now."""


@dataclass(frozen=True, slots=True)
class Content:
    """Templates of one mail."""

    subject: str
    text: str
    html: str | None
    reply_to: str | None

    @property
    def templates(self) -> list[tuple[str, bool]]:
        """Each with whether it is HTML."""
        html = [(self.html, True)] if self.html is not None else []
        return [(self.subject, False), (self.text, False), *html]


@dataclass(frozen=True, slots=True)
class Caps:
    """How many mails a day may go to one address and, beside the mailbox's own cap, from one
    mailbox.
    """

    contact_per_day: int
    mailbox_per_day: int | None


@dataclass(frozen=True, slots=True)
class ReplyRouting:
    """Where answers go beside the sender, and who hears of one."""

    reply_to: str | None
    notify_key_role: str


class SendConditions(Protocol):
    """What decides whether one mail may leave, and what it says."""

    @property
    def contact(self) -> Contact | None: ...

    @property
    def variables(self) -> Mapping[str, Any] | None:
        """What its templates may name of records; None: something that every mail needs is gone."""

    @property
    def records(self) -> Mapping[str, UUID]:
        """The records that its templates may name, by how they call them."""

    @property
    def content(self) -> Content: ...

    @property
    def caps(self) -> Caps: ...

    @property
    def window(self) -> Window: ...

    @property
    def zones(self) -> Zones: ...

    @property
    def deadline(self) -> date | None:
        """No mail leaves from this day on, in the first zone where it begins."""

    def refusal(self, now: datetime) -> Refusal | None: ...

    def postponement(self, now: datetime) -> Postponement | None: ...


class LockedMails(Protocol):
    """Some mails, with a lock on every row of their origins that decides over them. A mail is left
    out while somebody else is changing one of its rows.
    """

    @property
    def ids(self) -> Collection[UUID]: ...

    async def senders(self, uow: UnitOfWork) -> Mapping[UUID, SenderChoice]: ...

    async def conditions(
        self, uow: UnitOfWork, ids: Collection[UUID]
    ) -> Mapping[UUID, SendConditions]: ...


class Origin(Protocol):
    """What one mail is sent for."""

    @property
    def account_id(self) -> UUID | None: ...

    @property
    def stopped(self) -> str | None:
        """Why none of its mails leaves, such as `enrollment_paused`; None: it goes on."""

    @property
    def awaits_reply(self) -> bool: ...

    @property
    def event_fields(self) -> dict[str, Any]:
        """What every event about it carries."""

    async def add_to_timeline(self, uow: UnitOfWork, kind: str, **detail: Any) -> None: ...

    async def replies(self, uow: UnitOfWork) -> Collection[str | None]:
        """Message-IDs of the replies in its timeline."""

    async def reply_routing(self, uow: UnitOfWork) -> ReplyRouting: ...

    async def plan_next(self, uow: UnitOfWork) -> None:
        """Its mail is done with. Whatever fails here does not undo that this is known."""

    async def hard_bounced(self, uow: UnitOfWork, message: Message) -> None: ...

    async def soft_bounced(self, uow: UnitOfWork, message: Message) -> None: ...

    async def exit(self, uow: UnitOfWork, reason: ExitReason) -> None: ...


class OriginKind(Protocol):
    """All origins of one kind."""

    def cause_of(self, message: Message) -> tuple[Cause, ...]: ...

    async def get(self, uow: UnitOfWork, message: Message, *, lock: bool = False) -> Origin: ...

    async def lock(
        self, uow: UnitOfWork, messages: Sequence[Message], *, contacts: Lock
    ) -> LockedMails:
        """Without waiting. `hold` locks a contact together with all who have the same address."""

    async def reevaluate(self, uow: UnitOfWork, message: Message) -> None: ...

    async def reevaluate_contacts(self, uow: UnitOfWork, contact_ids: Collection[UUID]) -> None: ...

    async def exit_all_of_account(
        self, uow: UnitOfWork, account_id: UUID, reason: ExitReason
    ) -> None: ...

    async def exit_all_of_contacts(
        self, uow: UnitOfWork, contact_ids: Collection[UUID], reason: ExitReason
    ) -> None: ...
