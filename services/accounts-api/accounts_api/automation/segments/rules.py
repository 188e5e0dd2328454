"""What a segment's rule means beside what is written."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from uuid import UUID

from pydantic_core import from_json

from accounts_api.language.rules.ignored import beyond_ignored
from shared.errors import Fault
from shared.rules.interpreter.depends import segments_read
from shared.rules.syntax.faults import of_what_is_stored
from shared.rules.syntax.json_codec import read_json
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule


def rank_faults(group: str | None, priority: int | None) -> list[Fault]:
    if (group is None) == (priority is None):
        return []
    missing = "/group" if group is None else "/priority"
    return [Fault(missing, "group_and_priority", "A group and a priority come together.")]


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
