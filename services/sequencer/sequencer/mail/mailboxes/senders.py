"""Whose mailbox a mail leaves by: the one that its sequence names, or that of whoever looks after
the account. Nobody who has left sends anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Member
from shared.uow import UnitOfWork

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class SenderChoice:
    """Who is to send a mail to an account: a mailbox, or whoever holds a key role there."""

    mailbox_id: UUID | None
    key_role: str | None
    account_name: str | None
    holders: Sequence[UUID]

    @classmethod
    def of(
        cls, mailbox_id: UUID | None, key_role: str | None, account: Account | None
    ) -> "SenderChoice":
        holders = account.holders_of(key_role) if account and key_role else ()
        return cls(mailbox_id, key_role, account.name if account else None, holders)

    @property
    def advice_without_mailbox(self) -> str:
        role, account = self.key_role, self.account_name
        if role is None or account is None:
            return "The mailbox that the sequence names is gone."
        if not self.holders:
            return f"Nobody holds {role} at {account}: give the account a holder."
        return f"Who holds {role} at {account} has no mailbox here: set one up."


@dataclass(frozen=True, slots=True)
class Sender:
    mailbox_id: UUID | None
    absent: str | None = None
    """Why its member sends nothing, for a person to read; None: they are still here."""


async def senders_of(uow: UnitOfWork, choices: Mapping[_K, SenderChoice]) -> dict[_K, Sender]:
    """The first holder who is still here sends, as the first holder gets the tasks."""
    named = await mailboxes.mailboxes_by_id(
        uow, _known(choice.mailbox_id for choice in choices.values())
    )
    holders = {holder for choice in choices.values() for holder in choice.holders}
    owners = _known(box.member_id for box in named.values())
    # Whom we do not know has not left, as far as we know.
    members = await records.members(uow, holders | owners)
    gone = {member.id: member for member in members.values() if not member.active}
    by_member = await mailboxes.mailboxes_of_members(uow, holders - gone.keys())
    senders: dict[_K, Sender] = {}
    for key, choice in choices.items():
        if choice.mailbox_id is not None and choice.mailbox_id in named:
            box = named[choice.mailbox_id]
            owner = gone.get(box.member_id) if box.member_id else None
            senders[key] = Sender(box.id, _of_mailbox(owner, box.email) if owner else None)
        else:
            senders[key] = _by_key_role(choice, gone, by_member)
    return senders


def _by_key_role(
    choice: SenderChoice, gone: Mapping[UUID, Member], by_member: Mapping[UUID, UUID]
) -> Sender:
    here = next((holder for holder in choice.holders if holder not in gone), None)
    if here is not None:
        return Sender(by_member.get(here))
    if not choice.holders:
        return Sender(None)
    name = gone[choice.holders[0]].full_name
    role = choice.key_role
    return Sender(None, f"{name} has left and still holds {role}: give the account another holder.")


def _of_mailbox(owner: Member, address: str) -> str:
    return (
        f"{owner.full_name} has left, and {address} is theirs:"
        " give the mailbox to someone else, or share it."
    )


def _known(ids: Iterable[UUID | None]) -> set[UUID]:
    return {each for each in ids if each is not None}
