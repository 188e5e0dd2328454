"""What a segment's rule means beside what is written."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from shared.errors import Fault
from shared.rules.interpreter.depends import segments_read
from shared.rules.types.typed import Rule


def rank_faults(group: str | None, priority: int | None) -> list[Fault]:
    if (group is None) == (priority is None):
        return []
    missing = "/group" if group is None else "/priority"
    return [Fault(missing, "group_and_priority", "A group and a priority come together.")]


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
