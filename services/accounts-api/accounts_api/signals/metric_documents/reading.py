"""From a document to a metric ready for use. Every fault is found in one pass, each with its place
and, where one is near, the name meant.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from accounts_api.language.formulas.typed import Gathered, Hop
from accounts_api.language.formulas.types import AMOUNTS, DAYS, of_field, said
from accounts_api.language.formulas.values import number
from accounts_api.signals.metric_documents.documents import (
    LONGEST_WINDOW,
    MOST_DEEP,
    ActiveContacts,
    ActiveDays,
    Constant,
    Events,
    FieldOf,
    FieldReading,
    Happened,
    Metric,
    Other,
    PropertySum,
    Related,
    Source,
    Stored,
    Window,
    is_of_events,
    walk,
)
from shared.errors import Fault
from shared.lists.filters import node_of
from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.types import typed as c
from shared.rules.types.catalog import Catalog, FieldType, RecordType, Relation, Scope
from shared.rules.types.catalog import Field as CatalogField
from shared.rules.types.type_check import Checker
from shared.spelling import nearest

_MOST_HOPS: Final = 3
_TO_CONTACTS: Final = {"account": ("contacts",), "organization": ("accounts", "contacts")}
_ORDER: Final = "created_at"


@dataclass(frozen=True, slots=True)
class Known:
    """What a document may name."""

    catalog: Catalog
    metrics: Mapping[str, Stored]
    """The living ones, by key."""
    events: Collection[str] | None = None
    """Names that came or were declared; None when they need not be checked."""


@dataclass(frozen=True, slots=True)
class Reading:
    metric: Metric | None
    faults: Sequence[Fault]


def read(stored: Stored, known: Known) -> Reading:
    """Whatever reading a document raises is a fault of that one, and of none beside it."""
    reader = _Reader(stored, known, ())
    try:
        with of_what_is_stored():
            metric = reader.metric()
    except RuleFaulty as faulty:
        return Reading(None, [Fault("", each.code, each.message) for each in faulty.faults])
    return Reading(None if reader.faults else metric, reader.faults)


@dataclass
class _Reader:
    """Each method reads one part, or notes why it cannot and returns None."""

    stored: Stored
    known: Known
    above: tuple[str, ...]
    """Keys of the metrics that read this one, the outermost first."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        return self.known.catalog.scope(self.stored.record_type)

    def fault(self, pointer: str, code: str, message: str, suggestion: str | None = None) -> None:
        extra = None if suggestion is None else {"suggestion": suggestion}
        self.faults.append(Fault(pointer, code, message, extra))

    def metric(self) -> Metric | None:
        document = self.stored.document
        numerator = self.source(document["numerator"], "/numerator")
        denominator = None
        if document.get("denominator") is not None:
            denominator = self.source(document["denominator"], "/denominator")
            if isinstance(denominator, Constant) and not denominator.value:
                self.fault("/denominator/value", "bad_value", "Nothing is divided by zero.")
        cap = document.get("cap") or {}
        minimum, maximum = (_exact(cap.get(name)) for name in ("minimum", "maximum"))
        if minimum is not None and maximum is not None and minimum > maximum:
            self.fault("/cap/minimum", "bad_value", "It is above the maximum.")
        if numerator is None or self.faults:
            return None
        own = self.stored
        return Metric(
            own.id,
            own.key,
            own.title,
            self.scope.type,
            document["unit"],
            numerator,
            denominator,
            document["decimals"],
            minimum,
            maximum,
        )

    def source(self, given: Mapping[str, Any], at: str) -> Source | None:
        match given["source"]:
            case "field":
                return self.field_of(given, at)
            case "constant":
                return Constant(number(given["value"]))
            case "contacts":
                path = ".".join(_TO_CONTACTS.get(self.stored.record_type, ("contacts",)))
                return self.related({**given, "relation": path, "aggregate": "count"}, at)
            case "related":
                return self.related(given, at)
            case "metric":
                return self.other(given, at)
            case _:
                return self.of_events(given, at)

    def field_of(self, given: Mapping[str, Any], at: str) -> Source | None:
        found = self.field(given["field"], self.scope, f"{at}/field")
        if found is None:
            return None
        reading: FieldReading = given.get("as") or "value"
        wanted = AMOUNTS if reading == "value" else DAYS
        if not self.fits(found, wanted, f"{at}/field"):
            return None
        if found.name.startswith("metrics."):
            message = "Another metric is read by the source `metric`."
            self.fault(f"{at}/source", "wrong_source", message, "metric")
            return None
        return FieldOf(found, reading)

    def field(self, name: str | None, scope: Scope, at: str) -> CatalogField | None:
        if name is not None and name in scope.fields:
            return scope.fields[name]
        guess = nearest(name or "", scope.fields) or nearest(f"traits.{name}", scope.fields)
        what = f"has no field {name!r}" if name else "has fields: name one of them"
        self.fault(at, "unknown_field", f"{scope.type.name} {what}.", guess)
        return None

    def fits(self, found: CatalogField, wanted: frozenset[Any], at: str) -> bool:
        sort = of_field(found).sort
        if sort in wanted:
            return True
        message = f"{found.name} is {said([sort])}; here stands {said(wanted)}."
        self.fault(at, "wrong_type", message)
        return False

    def related(self, given: Mapping[str, Any], at: str) -> Source | None:
        hops = self.hops(given["relation"].split("."), f"{at}/relation")
        if hops is None:
            return None
        scope = self.known.catalog.scope(hops[-1].target.name, hops[-1].relation)
        where = self.where(given.get("where"), scope, f"{at}/where")
        function, name = given["aggregate"], given.get("field")
        if function == "count":
            if name is not None:
                self.fault(f"{at}/field", "unexpected_value", "Records are counted, not fields.")
            return Related(Gathered("count", hops, None, None, where, of_field(_COUNT)))
        found = self.field(name, scope, f"{at}/field")
        by = None
        if function == "latest":
            by = self.field(given.get("by") or _ORDER, scope, f"{at}/by")
            if by is not None and not self.fits(by, AMOUNTS | DAYS, f"{at}/by"):
                by = None
        elif given.get("by") is not None:
            self.fault(f"{at}/by", "unexpected_value", "Only the latest has an order.")
        if found is None or not self.fits(found, AMOUNTS, f"{at}/field"):
            return None
        return Related(Gathered(function, hops, found, by, where, of_field(found)))

    def hops(self, path: Sequence[str], at: str) -> tuple[Hop, ...] | None:
        if len(path) > _MOST_HOPS:
            self.fault(at, "too_deep", f"A metric looks over {_MOST_HOPS} relations at most.")
            return None
        scope, found = self.scope, []
        for name in path:
            relation = scope.relations.get(name)
            if relation is None:
                message = f"{scope.type.name} has no related records {name!r}."
                self.fault(at, "unknown_relation", message, nearest(name, scope.relations))
                return None
            found.append(Hop(relation, self.known.catalog.types[relation.target]))
            scope = self.known.catalog.scope(relation.target, relation)
        return tuple(found)

    def where(self, written: Any, scope: Scope, at: str) -> c.Checked | None:
        if written is None:
            return None
        try:
            node = n.with_segments(node_of(written), self.known.catalog.segment_ids)
        except RuleFaulty as faulty:
            self.rule_faults(faulty, at)
            return None
        checker = Checker(self.known.catalog)
        checked = checker.node(node, scope)
        if checker.faults:
            self.rule_faults(RuleFaulty(checker.faults), at)
            return None
        return checked

    def rule_faults(self, faulty: RuleFaulty, at: str) -> None:
        for error in faulty.as_errors(at):
            code, message, pointer = (
                str(error.pop(name)) for name in ("code", "message", "pointer")
            )
            self.faults.append(Fault(pointer, code, message, error or None))

    def of_events(self, given: Mapping[str, Any], at: str) -> Source | None:
        window = Window(given["window_days"], given.get("offset_days") or 0)
        kind = given["source"]
        if kind == "sum":
            return self.property_sum(given, window, at)
        names = None if given["events"] == "any" else tuple(given["events"])
        self.must_be_known(names or (), at)
        happened = Happened(names, window)
        match kind:
            case "events":
                return Events(happened)
            case "active_days":
                return ActiveDays(happened)
            case _:
                return self.active_contacts(given, happened, at)

    def must_be_known(self, names: Iterable[str], at: str) -> None:
        if self.known.events is None:
            return
        for place, name in enumerate(names):
            if name not in self.known.events:
                guess = nearest(name, self.known.events)
                message = f"No product event {name!r} came yet, and none was declared."
                self.fault(f"{at}/events/{place}", "unknown_event", message, guess)

    def active_contacts(
        self, given: Mapping[str, Any], happened: Happened, at: str
    ) -> Source | None:
        here = self.stored.record_type
        if here not in _TO_CONTACTS:
            message = "A contact is no set of contacts: count events or active days."
            self.fault(f"{at}/source", "wrong_source", message, "active_days")
            return None
        path: list[tuple[Relation, RecordType]] = []
        scope = self.scope
        for name in _TO_CONTACTS[here]:
            relation = scope.relations[name]
            path.append((relation, self.known.catalog.types[relation.target]))
            scope = self.known.catalog.scope(relation.target, relation)
        where = self.where(given.get("contacts_where"), scope, f"{at}/contacts_where")
        return ActiveContacts(happened, given.get("at_least") or 1, tuple(path), where)

    def property_sum(self, given: Mapping[str, Any], window: Window, at: str) -> Source | None:
        events = self.known.catalog.types["account"].events
        declared = events.declared if events else {}
        key = given["property"]
        having: dict[str, FieldType] = {
            name: each.type
            for name, fields in declared.items()
            for each in fields
            if each.trait == key
        }
        if not having:
            keys = {each.trait or "" for fields in declared.values() for each in fields}
            message = f"No property {key!r} of product events is declared."
            self.fault(f"{at}/property", "unknown_property", message, nearest(key, keys))
            return None
        if FieldType.NUMBER not in having.values():
            self.fault(f"{at}/property", "wrong_type", f"{key} is declared as no number.")
            return None
        names = tuple(sorted(having)) if given["events"] == "any" else tuple(given["events"])
        for place, name in enumerate(names):
            if name not in having:
                message = f"{key} is not declared of the event {name!r}."
                guess = nearest(name, having)
                self.fault(f"{at}/events/{place}", "unknown_event", message, guess)
        return PropertySum(Happened(names, window), key)

    def other(self, given: Mapping[str, Any], at: str) -> Source | None:
        key, days_ago, at_metric = given["metric"], given.get("days_ago") or 0, f"{at}/metric"
        path = (*self.above, self.stored.key)
        stored = self.known.metrics.get(key)
        if key in path:
            names = [*path[path.index(key) :], key]
            message = f"It would depend on itself: {', '.join(names)}."
            self.faults.append(Fault(at_metric, "rule_cycle", message, {"path": names}))
            return None
        if stored is None or stored.record_type != self.stored.record_type:
            own = self.stored.record_type
            near = nearest(key, (k for k, m in self.known.metrics.items() if m.record_type == own))
            self.fault(at_metric, "unknown_metric", f"There is no metric {key!r} of {own}s.", near)
            return None
        if len(path) > MOST_DEEP:
            message = f"Metrics stand {MOST_DEEP} deep behind one another at most."
            self.fault(at_metric, "too_deep", message)
            return None
        inner = _Reader(stored, self.known, path)
        try:
            with of_what_is_stored():
                metric = inner.metric()
        except RuleFaulty:
            metric = None
        if metric is None:
            cycles = [each for each in inner.faults if each.code in {"rule_cycle", "too_deep"}]
            self.faults += [
                Fault(at_metric, each.code, each.message, each.extra) for each in cycles
            ]
            if not cycles:
                self.fault(at_metric, "faulty_metric", f"{key} cannot be worked out itself.")
            return None
        return self.of_the_past(metric, days_ago, at) if days_ago else Other(metric, 0)

    def of_the_past(self, metric: Metric, days_ago: int, at: str) -> Source | None:
        inner = [(source, ago) for source, ago in walk(metric) if not isinstance(source, Other)]
        if not all(is_of_events(source) for source, _ in inner):
            message = (
                f"What {metric.key} was then is not worked out day by day: only of product events"
                " that is known."
            )
            self.fault(f"{at}/days_ago", "not_of_the_past", message)
            return None
        offsets = [
            days_ago + ago + source.happened.window.offset
            for source, ago in inner
            if not isinstance(source, Constant) and hasattr(source, "happened")
        ]
        if max(offsets, default=0) > LONGEST_WINDOW:
            message = f"A window ends at most {LONGEST_WINDOW} days ago, with those of the metric."
            self.fault(f"{at}/days_ago", "bad_window", message)
            return None
        return Other(metric, days_ago)


_COUNT: Final = CatalogField("count", FieldType.NUMBER)


def _exact(value: Any) -> Decimal | None:
    return None if value is None else number(value)
