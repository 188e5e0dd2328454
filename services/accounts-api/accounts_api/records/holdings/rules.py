"""Who held a key role when, from how its holders changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


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
    goes_on: bool = False
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


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of the stints that were known once others are told."""

    stints: Sequence[Stint]
    against: Mapping[Stint, Stint]
    """Those told that cannot be so, each with the stint of another member that it overlaps, though
    the role has one holder at a time.
    """


def with_told(holders: Holders, told: Sequence[Stint], *, multi: bool) -> Told:
    """What was known of a member in the time of a stint that is told, or after it began, is what is
    told; without an end it lasts until the end that is known of it. If the role has one holder, it
    then lasts until a known one of somebody else begins, and known ones without an end give way to
    what is told, if that says who holds it now.
    """
    whole = list(stints(holders))
    known = whole if multi else list(_pieces(holders))
    own = {stint: replace(stint, valid_to=stint.valid_to or _end(whole, stint)) for stint in told}
    began = [stint.valid_from for stint in told]
    others = [one for one in known if not any(same_time(one, new) for new in own.values())]
    rests = [_rest(one, own.values(), began, multi=multi) for one in known if one not in others]
    against: dict[Stint, Stint] = {}
    if not multi:
        against |= {new: other for new in told if (other := _against(own[new], own.values()))}
        current = any(stint.valid_to is None for stint in told)
        own = {new: _until_next(one, [o.valid_from for o in others]) for new, one in own.items()}
        others = [_until_next(one, began if current else ()) for one in others]
        against |= {
            new: other
            for new, one in own.items()
            if (other := _against(one, [*others, *filter(None, rests)]))
        }
    return Told(_merged([*others, *filter(None, rests), *own.values()]), against)


def _pieces(holders: Holders) -> Iterator[Stint]:
    """The stints of a role with one holder, parted where it was said anew who holds it."""
    held = list(dict([(holders.since, holders.before), *holders.changes]).items())
    ends = [*(at for at, _ in held[1:]), None]
    for (at, members), end in zip(held, ends, strict=True):
        yield from (Stint(member, at, end) for member in members)


def _rest(
    known: Stint, told: Iterable[Stint], began: Iterable[datetime], *, multi: bool
) -> Stint | None:
    """What is left of a stint before its member is told to have begun. One that had no end was held
    until somebody else is told to have begun.
    """
    first = min(new.valid_from for new in told if same_time(known, new))
    if first <= known.valid_from:
        return None
    if known.valid_to is None and not multi:
        first = min(at for at in began if at > known.valid_from)
    return replace(known, valid_to=first)


def _end(known: Sequence[Stint], told: Stint) -> datetime | None:
    """When the stint ended of which the one that is told says no end."""
    own = [one for one in known if same_time(one, told)]
    return min(own, key=lambda one: one.valid_from).valid_to if own else None


def same_time(one: Stint, other: Stint) -> bool:
    """Whether both are of one member, and of one time at least in part."""
    return one.member == other.member and _overlap(one, other)


def _overlap(one: Stint, other: Stint) -> bool:
    return _begins_in(one, other) or _begins_in(other, one)


def _begins_in(one: Stint, other: Stint) -> bool:
    return other.valid_from <= one.valid_from and one.valid_from < (other.valid_to or _NEVER)


def _against(stint: Stint, others: Iterable[Stint]) -> Stint | None:
    overlapping = (one for one in others if one.member != stint.member and _overlap(one, stint))
    return next(overlapping, None)


def _until_next(stint: Stint, began: Iterable[datetime]) -> Stint:
    """One without an end, until the next of these instants."""
    if stint.valid_to is not None:
        return stint
    later = (at for at in began if at > stint.valid_from)
    return replace(stint, valid_to=min(later, default=None))


def _merged(stints: Iterable[Stint]) -> list[Stint]:
    """Those of a member that touch or overlap are one."""
    merged: list[Stint] = []
    for stint in sorted(stints, key=lambda one: (one.member, one.valid_from)):
        last = merged[-1] if merged else None
        if last and last.member == stint.member and stint.valid_from <= (last.valid_to or _NEVER):
            ends = (last.valid_to, stint.valid_to)
            end = None if None in ends else max(at for at in ends if at)
            merged[-1] = replace(last, valid_to=end)
        else:
            merged.append(stint)
    return merged


def changes_to(holders: Holders, wanted: Sequence[Stint]) -> list[tuple[datetime, list[str]]]:
    """The changes of holders to be told for `wanted` to be the stints: each holds until the next
    that is known, or told here.
    """
    known = dict([(holders.since, holders.before), *holders.changes])
    bounds = {at for one in wanted for at in (one.valid_from, one.valid_to) if at is not None}
    changes: list[tuple[datetime, list[str]]] = []
    members: Sequence[str] = ()
    for at in sorted(known.keys() | bounds):
        holding = sorted(
            one.member for one in wanted if one.valid_from <= at < (one.valid_to or _NEVER)
        )
        if sorted(known.get(at, members)) != holding:
            changes.append((at, holding))
        members = holding
    return changes
