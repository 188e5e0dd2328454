"""Why a rule holds for a record or not: every node as written, what it found, its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from shared.rules.interpreter.evaluate import (
    Snapshot,
    enough,
    events_counted,
    holders,
    matching,
    next_anniversary,
    satisfies,
    value_of,
)
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.nodes import with_segments
from shared.rules.syntax.printer import write_text
from shared.rules.types import typed as c
from shared.rules.types.context import EvaluationContext

SAMPLES: Final = 5
"""Related records explained one by one; the counts are of all of them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    text: str
    condition: Mapping[str, Any]
    verdict: bool
    found: Mapping[str, Any]
    """The value looked at, the counts of related records, the holders of a role, and so on."""
    items: tuple["Explanation", ...] = ()
    related: tuple[tuple[str, "Explanation"], ...] = ()
    """Some of the related records by id, each with its own explanation."""

    def as_json(self) -> dict[str, Any]:
        """Leaves out what a node has none of."""
        parts: dict[str, Any] = {
            "actual": dict(self.found),
            "items": [item.as_json() for item in self.items],
            "related": [{"id": id_, **inner.as_json()} for id_, inner in self.related],
        }
        start = {"text": self.text, "condition": dict(self.condition), "verdict": self.verdict}
        return start | {name: part for name, part in parts.items() if part}


def explain(
    rule: c.Rule,
    record: Snapshot,
    context: EvaluationContext,
    segment_keys: Mapping[str, str] = MappingProxyType({}),
) -> Explanation:
    """Segments are shown by the keys that are given by their ids."""
    written = _written(rule, tuple(sorted(segment_keys.items())))
    return _explained(rule.root, record, context, written)


Written = Mapping[int, tuple[str, Mapping[str, Any]]]
"""Text and JSON of each node, by its identity."""


@lru_cache(maxsize=1024)
def _written(rule: c.Rule, segment_keys: tuple[tuple[str, str], ...]) -> Written:
    """The same for every record."""
    keys = dict(segment_keys)
    sources = {id(node): with_segments(node.source, keys) for node in c.walk(rule.root)}
    return {node: (write_text(source), write_json(source)) for node, source in sources.items()}


def _explained(
    node: c.Checked, record: Snapshot, context: EvaluationContext, written: Written
) -> Explanation:
    found: dict[str, Any] = {}
    items: tuple[Explanation, ...] = ()
    related: tuple[tuple[str, Explanation], ...] = ()
    match node:
        case c.FieldTest():
            found = _found(node, record, context)
        case c.RelatedMatch() | c.RelatedCount():
            others, where = record.related[node.relation.name], node.where
            found = {"matching": len(matching(node, record, context)), "of": len(others)}
            if where is not None:
                some = others[:SAMPLES]
                related = tuple(
                    (other.id, _explained(where, other, context, written)) for other in some
                )
        case c.Member():
            found = {"member": node.segment in record.segments}
        case c.Role():
            found = {"holders": holders(node, record, context)}
        case c.EventsCounted():
            found = {"count": events_counted(node, record, context)}
            found |= _ends(node.window, context)
        case c.And() | c.Or() | c.Not():
            items = tuple(_explained(item, record, context, written) for item in c.children(node))
    text, condition = written[id(node)]
    verdict = _verdict(node, items, found, record, context)
    return Explanation(text, condition, verdict, found, items, related)


def _verdict(
    node: c.Checked,
    items: Sequence[Explanation],
    found: Mapping[str, Any],
    record: Snapshot,
    context: EvaluationContext,
) -> bool:
    """That of its parts and of what was found, where they have been explained."""
    match node:
        case c.RelatedMatch() | c.RelatedCount():
            return enough(node, found["matching"], record)
        case c.And():
            return all(item.verdict for item in items)
        case c.Or():
            return any(item.verdict for item in items)
        case c.Not():
            return not items[0].verdict
        case _:
            return satisfies(node, record, context)


def _found(node: c.FieldTest, record: Snapshot, context: EvaluationContext) -> dict[str, Any]:
    found: dict[str, Any] = {"field": node.field.name}
    match node.test:
        case c.Changed():
            past = [at for at in record.changes.get(node.field.name, ()) if at <= context.now]
            return found | {"changed_at": plain(max(past, default=None))}
        case c.Days() as window:
            value = plain(value_of(node.field, record))
            return found | {"value": value, **_ends(window, context)}
        case c.Anniversary(until):
            value = value_of(node.field, record)
            following = None if value is None else next_anniversary(value, context)
            ends = {"anniversary": plain(following), "to": plain(context.resolve(until))}
            return found | {"value": plain(value), **ends}
        case c.Instants():
            return found | {"value": plain(value_of(node.field, record))}
        case test:
            _timeless: c.Timeless = test
            return found | {"value": plain(value_of(node.field, record))}


def _ends(window: c.Days, context: EvaluationContext) -> dict[str, str]:
    """What the ends that follow the calendar are today."""
    ends = {"from": window.first, "to": window.last}
    return {
        name: context.resolve(day).isoformat()
        for name, day in ends.items()
        if day is not None and day.moves
    }


def plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value
