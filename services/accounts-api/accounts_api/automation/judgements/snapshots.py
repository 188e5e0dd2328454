"""Records with all that rules see of them, and what else it takes to judge them elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.judgements import queries
from accounts_api.automation.judgements.schemas import SnapshotsIn
from accounts_api.automation.judgements.service import asked_of
from accounts_api.automation.lifecycle.evaluation import RULES
from accounts_api.automation.segments.service import those_of
from accounts_api.evaluation.rule_sets.rules import Usable, effective_rule
from accounts_api.records.schema import record_catalog
from shared.lists import moment
from shared.lists.filters import in_time
from shared.rules.interpreter.data import catalog_as_data, context_as_data
from shared.rules.interpreter.depends import segments_read
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import write_json
from shared.rules.types import typed as c
from shared.rules.types.catalog import Catalog, Field
from shared.uow import UnitOfWork

_STATUS = frozenset({"lifecycle_status", "lifecycle_status_since"})


@dataclass
class _Named:
    """The rules of the segments, and those of the lifecycle status, that some rules ask for."""

    segments: dict[str, c.Rule] = field(default_factory=dict)
    lifecycle: Sequence[Usable[Any]] = ()

    def deciding(self, node: c.Checked) -> Iterable[c.Rule | Field]:
        match node:
            case c.Member(segment=segment) if segment in self.segments:
                return (self.segments[segment],)
            case c.FieldTest() if _asks_for_status(node):
                rules = [each.rule for each in self.lifecycle]
                dates = [date for each in self.lifecycle for date in each.dates if date]
                return (*rules, *dates)
            case _:
                return ()


async def snapshots(uow: UnitOfWork, data: SnapshotsIn) -> dict[str, Any]:
    """Raises `Invalid` with every fault."""
    catalog = await record_catalog.rule_catalog(uow)
    asked = await asked_of(uow, catalog, data)
    named = await _named(uow, catalog, [*asked.rules.values()])
    context = await moment.evaluation_context(uow)
    needed = asked.needs(named.deciding, of_rules=True)
    with in_time("/rules"):
        rows = await queries.judged(uow, [asked.everything], data.ids, needed, context, asked.reads)
    return {
        "context": context_as_data(context),
        "catalog": catalog_as_data(catalog),
        "rules": {place: write_json(rule.written) for place, rule in asked.rules.items()},
        "segments": {
            segment: {"record_type": rule.type.name, "rule": write_json(rule.written)}
            for segment, rule in named.segments.items()
        },
        "lifecycle": [
            {
                "status": each.stored.status,
                "rule": write_json(each.rule.written),
                "since_field": each.stored.since_field,
                "end_field": each.stored.end_field,
            }
            for each in named.lifecycle
        ],
        "records": {
            str(row.record_id): {"version": row.version, "snapshot": row.seen} for row in rows
        },
    }


async def _named(uow: UnitOfWork, catalog: Catalog, rules: Iterable[c.Rule]) -> _Named:
    """Whatever the rules ask for, and what the rules of that ask for."""
    named, waiting, sought = _Named(), list(rules), set[str]()
    while waiting:
        rule = waiting.pop()
        if not named.lifecycle and any(map(_asks_for_status, c.walk(rule.root))):
            named.lifecycle, _ = await RULES.usable(uow)
            waiting += [each.rule for each in named.lifecycle]
        missing = segments_read(rule) - sought
        sought |= missing
        found = await _segments(uow, catalog, missing)
        named.segments |= found
        waiting += found.values()
    return named


async def _segments(uow: UnitOfWork, catalog: Catalog, ids: Iterable[str]) -> Mapping[str, c.Rule]:
    """Of those whose rule can be used; in an archived one there is nobody."""
    found = {}
    for segment in await those_of(uow, [UUID(id_) for id_ in sorted(ids)]):
        if segment.archived_at is None:
            try:
                rule = effective_rule(catalog, segment.record_type, to_json(segment.rule).decode())
            except RuleFaulty:
                continue
            found[str(segment.id)] = rule
    return found


def _asks_for_status(node: c.Checked) -> bool:
    return (
        isinstance(node, c.FieldTest)
        and node.type.name == "account"
        and (node.field.name in _STATUS)
    )
