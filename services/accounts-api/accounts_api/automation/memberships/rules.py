"""What follows from verdicts: which segments of a group hold a record."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may hold a record. `included` is a person's word on it, or None."""

    segment_id: UUID
    group: str | None
    priority: int | None
    matched: bool
    included: bool | None


def held_by(candidates: Iterable[Candidate]) -> set[UUID]:
    """The segments that hold the record: of each group the first by priority, those a person put
    it in before all others. The twin of `verdicts.difference`.
    """
    found: set[UUID] = set()
    firsts: dict[str, tuple[tuple[bool, int], UUID]] = {}
    for one in candidates:
        if not (one.matched if one.included is None else one.included):
            continue
        if one.group is None:
            found.add(one.segment_id)
            continue
        rank = ((one.included is not True, one.priority or 0), one.segment_id)
        firsts[one.group] = min(firsts.get(one.group, rank), rank)
    return found | {segment_id for _, segment_id in firsts.values()}
