"""What of a record a rule reads, so that a snapshot holds that and no more."""

from dataclasses import dataclass, field
from typing import assert_never

from shared.rules.types import typed as c
from shared.rules.types.catalog import EventDays, Field, RecordType, Relation


@dataclass(slots=True)
class Needs:
    type: RecordType
    fields: dict[str, Field] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    events: dict[str, "Counted"] = field(default_factory=dict)
    related: dict[str, tuple[Relation, "Needs"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """The daily counts of an event, from the first day that any of the rules reads."""

    days: EventDays
    back: int
    """How many days before today that is."""


def needs(*rules: c.Rule) -> Needs:
    """What rules over records of one type read, all together."""
    found = Needs(rules[0].type)
    for rule in rules:
        gather(rule.root, found)
    return found


def gather(node: c.Checked, found: Needs) -> None:
    """Add what a condition reads."""
    match node:
        case c.FieldTest(test=c.Changed()):
            found.changes.add(node.field.name)
        case c.FieldTest():
            found.fields[node.field.name] = node.field
            column = node.field.currency_column
            if column and isinstance(node.test, c.Equals | c.Numbers) and node.test.currency:
                found.currencies.add(column)
        case c.RelatedMatch() | c.RelatedCount():
            name = node.relation.name
            _, inner = found.related.setdefault(name, (node.relation, Needs(node.target)))
            if node.where is not None:
                gather(node.where, inner)
        case c.Member():
            found.segments.add(node.segment)
        case c.Role():
            found.roles.add(node.role)
        case c.EventsCounted():
            known = found.events.get(node.event)
            back = max(node.within_days - 1, known.back if known else 0)
            found.events[node.event] = Counted(node.days, back)
        case c.And() | c.Or() | c.Not():
            for child in c.children(node):
                gather(child, found)
        case other:
            assert_never(other)
