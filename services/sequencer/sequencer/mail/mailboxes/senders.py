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
class Wanted:
    """What a sequence says of its sender, for one account."""

    mailbox_id: UUID | None
    key_role: str | None
    holders: Sequence[UUID]

    @classmethod
    def of(cls, mailbox_id: UUID | None, key_role: str | None, account: Account | None) -> "Wanted":
        holders = account.holders_of(key_role) if account and key_role else ()
        return cls(mailbox_id, key_role, holders)


@dataclass(frozen=True, slots=True)
class Sender:
    mailbox_id: UUID | None
    absent: str | None = None
    """Why its member sends nothing, for a person to read; None: they are still here."""


async def senders_of(uow: UnitOfWork, wanted: Mapping[_K, Wanted]) -> dict[_K, Sender]:
    """The first holder who is still here sends, as the first holder gets the tasks."""
    named = await mailboxes.by_id(uow, _known(one.mailbox_id for one in wanted.values()))
    holders = {holder for one in wanted.values() for holder in one.holders}
    owners = _known(box.member_id for box in named.values())
    # Of whom nothing was told yet, it was not told that they left.
    found = await records.members(uow, holders | owners)
    gone = {member.id: member for member in found.values() if not member.active}
    by_member = await mailboxes.of_members(uow, holders - gone.keys())
    senders: dict[_K, Sender] = {}
    for key, one in wanted.items():
        if one.mailbox_id is not None and one.mailbox_id in named:
            box = named[one.mailbox_id]
            owner = gone.get(box.member_id) if box.member_id else None
            senders[key] = Sender(box.id, _of_mailbox(owner, box.email) if owner else None)
        else:
            senders[key] = _by_key_role(one, gone, by_member)
    return senders


def _by_key_role(
    wanted: Wanted, gone: Mapping[UUID, Member], by_member: Mapping[UUID, UUID]
) -> Sender:
    here = next((holder for holder in wanted.holders if holder not in gone), None)
    if here is not None:
        return Sender(by_member.get(here))
    if not wanted.holders:
        return Sender(None)
    name = gone[wanted.holders[0]].full_name
    role = wanted.key_role
    return Sender(None, f"{name} has left and still holds {role}: give the account another holder.")


def _of_mailbox(owner: Member, address: str) -> str:
    return (
        f"{owner.full_name} has left, and {address} is theirs:"
        " give the mailbox to someone else, or share it."
    )


def _known(ids: Iterable[UUID | None]) -> set[UUID]:
    return {one for one in ids if one is not None}
