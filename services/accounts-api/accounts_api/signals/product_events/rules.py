"""What a tracked event says: whom it speaks of, when it happened, on which day it counts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

NOBODY: Final = UUID(int=0)
"""Stands in a roll-up for a contact or an account that is not known."""
EARLIEST_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Sender:
    """What a message says of the one who acted, in the order in which it is looked up."""

    user_id: str | None
    email: str | None
    group_id: str | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A `track` message, read. `message_id` is the sender's."""

    message_id: str
    name: str
    sender: Sender
    anonymous_id: str | None
    properties: dict[str, Any]
    context: dict[str, Any]
    original_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose event it is, as far as that is known."""

    contact_id: UUID | None
    account_id: UUID | None

    @property
    def known(self) -> bool:
        return self.contact_id is not None or self.account_id is not None


def happened_at(original: datetime | None, sent: datetime | None, received: datetime) -> datetime:
    """When it happened by our clock: a sender whose clock is wrong is as wrong about when it sent.

    What would lie in the future, or before the year 2000, happened when it came.
    """
    if original is None:
        return received
    try:
        at = original if sent is None else received - (sent - original)
    except OverflowError:
        return received
    return at if at <= received and at.year >= EARLIEST_YEAR else received


def waits_for(sender: Sender, owners: Owners) -> list[str]:
    """The keys under which an event waits for what is missing; see `arrival_keys`."""
    keys = []
    if owners.contact_id is None:
        if sender.user_id is not None:
            keys.append(f"user:{sender.user_id}")
        if sender.email is not None:
            keys.append(f"email:{sender.email}")
    if owners.account_id is None:
        if sender.group_id is not None:
            keys.append(f"group:{sender.group_id}")
        elif owners.contact_id is not None:
            keys.append(f"links:{owners.contact_id}")
    return keys


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """A row of the roll-ups."""

    account_id: UUID
    name: str
    day: date
    contact_id: UUID


def bucket(owners: Owners, name: str, day: date) -> Bucket | None:
    """Where an event counts; nowhere while nothing is known of it."""
    if not owners.known:
        return None
    return Bucket(owners.account_id or NOBODY, name, day, owners.contact_id or NOBODY)


def sums(
    more: Iterable[Bucket | None], fewer: Iterable[Bucket | None] = ()
) -> Sequence[tuple[Bucket, int]]:
    """What to add to the roll-ups, in one order for all, so that writers do not wait crosswise."""
    counted: Counter[Bucket] = Counter(one for one in more if one is not None)
    counted.subtract(one for one in fewer if one is not None)
    return sorted((one, by) for one, by in counted.items() if by)
