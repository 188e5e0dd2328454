"""Who held a key role when, from how its holders changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Holders:
    """Of one key role on one account, from `since` on."""

    since: datetime
    before: Sequence[str]
    """Who held it just before."""
    changes: Sequence[tuple[datetime, Sequence[str]]]
    """In their order, none before `since`; of one instant the last one stands."""


@dataclass(frozen=True, slots=True)
class Stint:
    member: str
    valid_from: datetime
    valid_to: datetime | None
    goes_on: bool
    """Began before, and goes on."""


def stints(holders: Holders) -> Iterator[Stint]:
    """Each stretch for which a member held it without a break, from `since` on."""
    held = list(dict([(holders.since, holders.before), *holders.changes]).items())
    for member in sorted({member for _, members in held for member in members}):
        began: datetime | None = None
        for at, members in held:
            if member in members and began is None:
                began = at
            elif member not in members and began is not None:
                yield _stint(holders, member, began, at)
                began = None
        if began is not None:
            yield _stint(holders, member, began, None)


def _stint(holders: Holders, member: str, began: datetime, ended: datetime | None) -> Stint:
    goes_on = began == holders.since and member in holders.before
    return Stint(member, began, ended, goes_on)
