"""What a tracked event says: whom it speaks of, and when it happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts_api.signals.event_counts.rules import Owners

EARLIEST_YEAR: Final = 2000
OWNER_COLUMNS: Final = {"account": "account_id", "contact": "contact_id"}
"""Which column of an event names a record, by the type of the record."""


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
