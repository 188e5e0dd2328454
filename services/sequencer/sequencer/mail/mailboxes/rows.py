from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from sequencer.mail.mailboxes.smtp import SmtpTls

MailboxState = TypeAliasType(
    "MailboxState",
    Annotated[
        Literal["active", "paused"],
        Field(
            description="`paused`: its server refused it, so nothing leaves by it until it is"
            " resumed."
        ),
    ],
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that sequences send from."""

    id: UUID
    version: int
    member_id: UUID | None
    email: str
    address: str
    display_name: str
    smtp_host: str
    smtp_port: int
    smtp_tls: SmtpTls
    smtp_username: str | None
    smtp_password: bytes | None
    daily_cap: int
    state: MailboxState
    pause_reason: str | None
    spent_on: date | None
    spent: int
    created_at: datetime

    def left_on(self, day: date) -> int:
        """How many mails it may still send on `day`."""
        return self.daily_cap - (self.spent if self.spent_on == day else 0)


class MailboxChanges(TypedDict, total=False):
    member_id: UUID | None
    display_name: str
    smtp_host: str
    smtp_port: int
    smtp_tls: SmtpTls
    smtp_username: str | None
    smtp_password: bytes | None
    daily_cap: int
    state: MailboxState
    pause_reason: str | None


class NewMailbox(TypedDict):
    id: UUID
    member_id: UUID | None
    email: str
    address: str
    display_name: str
    smtp_host: str
    smtp_port: int
    smtp_tls: SmtpTls
    smtp_username: str | None
    smtp_password: bytes | None
    daily_cap: int
