"""The input of a measure, from the words that people write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from accounts_api.signals.scoring.definition import PointsRule, ValuePoints
from shared.rules.interpreter.depends import (
    ANY_EVENTS,
    CALENDAR,
    Dependency,
    dependencies,
    events_dependency,
)
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.nodes import with_segments
from shared.rules.syntax.parser import read_text
from shared.rules.syntax.printer import write_text
from shared.rules.types.catalog import Catalog, EventDays, Field, FieldType
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.spelling import nearest

_CALL: Final = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
_EVENTS: Final = re.compile(r"\s*events\s+(.+?)\s*", re.DOTALL)
_WORD: Final = re.compile(r"\w+")
_DATES: Final = frozenset({FieldType.DATE, FieldType.DATETIME})
_NUMBERS: Final = frozenset({FieldType.NUMBER, FieldType.CURRENCY})
_TEXTS: Final = frozenset({FieldType.TEXT, FieldType.SELECT, FieldType.BOOLEAN, FieldType.ID})
_KIND: Final = re.compile(r"\s*kind\s*=\s*\"?(risk|opportunity)\"?\s*")
_OPEN: Final = {"risk": "indicators.open_risks", "opportunity": "indicators.open_opportunities"}
_QUOTED: Final = 'Write the name of the event in quotes: events "Report Exported".'


@dataclass(frozen=True, slots=True)
class FieldValue:
    field: Field


@dataclass(frozen=True, slots=True)
class DaysSince:
    """Whole local days from a date of the record until today; below 0 of one to come."""

    field: Field


@dataclass(frozen=True, slots=True)
class DaysSinceEvent:
    """Whole local days since such an event was last counted."""

    days: EventDays
    event: str | None
    """None: of any name."""


@dataclass(frozen=True, slots=True)
class RuleHolds:
    """100 while the rule holds, else 0."""

    rule: Rule


Input = FieldValue | DaysSince | DaysSinceEvent | RuleHolds


def read_input(text: str, points: PointsRule | None, catalog: Catalog, record_type: str) -> Input:
    """Raises `RuleFaulty` with what is wrong with it, also as what these points are of."""
    found = _read(text, catalog, record_type)
    wrong = None if points is None else _wrong_points(found, points)
    if wrong is not None:
        raise RuleFaulty([Fault("wrong_type", wrong, Place(pointer=""))])
    return found


def _read(text: str, catalog: Catalog, record_type: str) -> Input:
    call = _CALL.fullmatch(text)
    if call is None:
        return FieldValue(_field(text.strip(), catalog, record_type))
    function, inner = call.groups()
    match function:
        case "rule":
            return RuleHolds(check(read_text(inner), catalog, record_type))
        case "days_since":
            return _days_since(inner, catalog, record_type)
        case "indicators":
            return FieldValue(_indicators(inner, catalog, record_type))
        case _:
            message = "An input is a field, `days_since(…)`, `indicators(…)` or `rule(…)`."
            raise _unknown(message, nearest(function, ("rule", "days_since", "indicators")))


def _indicators(inner: str, catalog: Catalog, record_type: str) -> Field:
    """How many are open of a kind."""
    kind = _KIND.fullmatch(inner)
    if kind is None:
        raise _unknown("Say of which kind: indicators(kind = risk), or (kind = opportunity).")
    return _field(_OPEN[kind[1]], catalog, record_type)


def _days_since(inner: str, catalog: Catalog, record_type: str) -> Input:
    events = _EVENTS.fullmatch(inner)
    if events is None:
        field = _field(inner.strip(), catalog, record_type)
        if field.type not in _DATES:
            raise _mistyped(f"{field.name} is no date.")
        return DaysSince(field)
    days = catalog.types[record_type].events
    if days is None:
        raise _unknown(f"No product events are counted of a record of type {record_type}.")
    name = events[1]
    if name == "any":
        return DaysSinceEvent(days, None)
    if name.startswith('"'):
        try:
            name = from_json(name)
        except ValueError:
            raise _unknown(
                'Write the name of the event in quotes: events "Report Exported".'
            ) from None
    elif not _WORD.fullmatch(name):
        raise _unknown('Write the name of the event in quotes: events "Report Exported".')
    return DaysSinceEvent(days, name)


def _field(name: str, catalog: Catalog, record_type: str) -> Field:
    fields = catalog.scope(record_type).fields
    field = fields.get(name)
    if field is None:
        message = f"A record of type {record_type} has no field {name!r}."
        raise _unknown(message, nearest(name, fields))
    return field


def _wrong_points(found: Input, points: PointsRule) -> str | None:
    """What to do about points that are not of what is read."""
    listed = isinstance(points, ValuePoints)
    if not isinstance(found, FieldValue):
        return "This is a number: give its points as `bands` or `linear`." if listed else None
    match found.field.type:
        case FieldType.MULTI_SELECT:
            return "A multi-select has several values: ask for one of them in `rule(…)`."
        case FieldType.DATE | FieldType.DATETIME:
            return f"Write days_since({found.field.name})."
        case type_ if type_ in _NUMBERS and listed:
            return "This is a number: give its points as `bands` or `linear`."
        case type_ if type_ in _TEXTS and not listed:
            return "This is no number: give the points of its `values`."
        case _:
            return None


def _unknown(message: str, suggestion: str | None = None) -> RuleFaulty:
    return RuleFaulty([Fault("unknown_input", message, Place(pointer=""), suggestion)])


def _mistyped(message: str) -> RuleFaulty:
    return RuleFaulty([Fault("wrong_type", message, Place(pointer=""))])


def stored_text(found: Input, text: str) -> str:
    """As it is kept: the segments of a rule by their ids."""
    return f"rule({write_text(found.rule.written)})" if isinstance(found, RuleHolds) else text


def shown_text(text: str, segment_keys: Mapping[str, str]) -> str:
    """As it is shown: the segments of a rule by their keys. One that cannot be read stays."""
    call = _CALL.fullmatch(text)
    if call is None or call[1] != "rule":
        return text
    try:
        return f"rule({write_text(with_segments(read_text(call[2]), segment_keys))})"
    except RuleFaulty:
        return text


def rule_text(text: str) -> str | None:
    """The rule in an input that is one."""
    call = _CALL.fullmatch(text)
    return call[2] if call is not None and call[1] == "rule" else None


def dependencies_of(found: Input, record_type: str) -> frozenset[Dependency]:
    match found:
        case FieldValue(field):
            return frozenset({Dependency(record_type, field.name)})
        case DaysSince(field):
            return frozenset(Dependency(record_type, what) for what in (field.name, CALENDAR))
        case DaysSinceEvent(_, event):
            counted = ANY_EVENTS if event is None else events_dependency(event)
            return frozenset(Dependency(record_type, what) for what in (counted, CALENDAR))
        case RuleHolds(rule):
            return dependencies(rule)
