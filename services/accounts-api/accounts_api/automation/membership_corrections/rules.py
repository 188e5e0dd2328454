"""From what was so at instants to memberships, and what is another than is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PastMembership:
    entered_at: datetime
    entered_by: str
    left_at: datetime | None
    left_by: str | None

    @property
    def end(self) -> datetime:
        return self.left_at or _EVER

    @property
    def span(self) -> tuple[datetime, datetime | None]:
        return self.entered_at, self.left_at


@dataclass(frozen=True, slots=True)
class Turn:
    """From an instant on the record was in, or out, and why."""

    at: datetime
    inside: bool
    by: str


def held(memberships: Iterable[PastMembership], at: datetime) -> bool:
    return any(membership.entered_at <= at < membership.end for membership in memberships)


def rewritten(
    stored: Iterable[PastMembership], turns: Sequence[Turn], until: datetime
) -> list[PastMembership]:
    """The stored ones with those of the turns in their stead, from the first of these, of which
    there is one, until an instant.
    """
    since = turns[0].at
    before = [
        one if one.end <= since else replace(one, left_at=since, left_by=turns[0].by)
        for one in stored
        if one.entered_at < since
    ]
    after = [
        one if one.entered_at >= until else replace(one, entered_at=until)
        for one in stored
        if one.end > until
    ]
    ended_by = next((one.left_by for one in stored if one.left_at == until), None) or "rule"
    joined = list(before)
    for one in [*_between(turns, until, ended_by), *after]:
        seam = one.entered_at in {since, until}
        if seam and joined and joined[-1].left_at == one.entered_at:
            joined[-1] = replace(joined[-1], left_at=one.left_at, left_by=one.left_by)
        else:
            joined.append(one)
    return joined


def _between(turns: Iterable[Turn], until: datetime, ended_by: str) -> list[PastMembership]:
    found: list[PastMembership] = []
    began: Turn | None = None
    for turn in turns:
        if turn.inside and began is None:
            began = turn
        elif not turn.inside and began is not None:
            found.append(PastMembership(began.at, began.by, turn.at, turn.by))
            began = None
    if began is not None:
        found.append(PastMembership(began.at, began.by, until, ended_by))
    return found


def first_difference(
    these: Iterable[PastMembership], those: Iterable[PastMembership]
) -> datetime | None:
    """The first instant at which one says in and the other out."""

    def edges(memberships: Iterable[PastMembership]) -> set[tuple[datetime, bool]]:
        return {
            (at, enters)
            for one in memberships
            for at, enters in ((one.entered_at, True), (one.left_at, False))
            if at is not None
        }

    return min((at for at, _ in edges(these) ^ edges(those)), default=None)
