"""What a segment's rule means beside what is written, and what follows from verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from pydantic_core import from_json

from accounts_api.language.interpreter.depends import segments_read
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from accounts_api.language.syntax.faults import of_what_is_stored
from accounts_api.language.syntax.json_codec import read_json
from shared.errors import Fault


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may hold a record. `included` is a person's word on it, or None."""

    segment_id: UUID
    group: str | None
    priority: int | None
    matched: bool
    included: bool | None


def rank_faults(group: str | None, priority: int | None) -> list[Fault]:
    if (group is None) == (priority is None):
        return []
    missing = "/group" if group is None else "/priority"
    return [Fault(missing, "group_and_priority", "A group and a priority come together.")]


def held_by(candidates: Iterable[Candidate]) -> set[UUID]:
    """The segments that hold the record: of each group the first by priority, those a person put
    it in before all others. The twin of `queries.difference`.
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


@lru_cache(maxsize=8192)
def effective_rule(catalog: Catalog, record_type: str, document: str) -> Rule:
    """A stored rule from its JSON text. Raises `RuleFaulty` when it can be used no more."""
    with of_what_is_stored():
        node = beyond_ignored(record_type, read_json(from_json(document)))
        return check(node, catalog, record_type)


def leads_back(segment: UUID, rule: Rule, seen_by: Mapping[str, Iterable[str]]) -> bool:
    """Whether membership in `segment` would depend on itself. `seen_by` holds, for each segment,
    those its rule asks for.
    """
    waiting, known = list(segments_read(rule)), set[str]()
    while waiting:
        one = waiting.pop()
        if one == str(segment):
            return True
        if one not in known:
            known.add(one)
            waiting += seen_by.get(one, ())
    return False
