"""What of a record a rule reads, so that a snapshot holds that and no more."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from shared.rules.syntax import nodes as n
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
    event_values: dict[str, "Counted"] = field(default_factory=dict)
    related: dict[str, tuple[Relation, "Needs"]] = field(default_factory=dict)
    followed: set[c.Rule] = field(default_factory=set)
    """Rules that decide what is read here, whose own needs are among these."""


Deciding = Callable[[c.Checked], Iterable[c.Rule | Field]]
"""For what a condition reads, the rules that decide it and the dates that those map: with them it
can be decided again.
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The daily counts of an event, from the first day that any of the rules reads."""

    days: EventDays
    back: int
    """How many days before today that is."""
    by_contact: bool


def _nothing(_: c.Checked) -> Iterable[c.Rule | Field]:
    return ()


def needs(*rules: c.Rule, deciding: Deciding = _nothing) -> Needs:
    """What rules over records of one type read, all together."""
    found = Needs(rules[0].type)
    for rule in rules:
        gather(rule.root, found, deciding)
    return found


def gather(node: c.Checked, found: Needs, deciding: Deciding = _nothing) -> None:
    """Add what a condition reads, and what those read that decide it."""
    _follow(node, found, deciding)
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
                gather(node.where, inner, deciding)
        case c.Member():
            found.segments.add(node.segment)
        case c.Role():
            found.roles.add(node.role)
        case c.EventsCounted():
            _reach_back(found.events, node)
            if node.where is not None:
                _reach_back(found.event_values, node)
        case c.And() | c.Or() | c.Not():
            for child in c.children(node):
                gather(child, found, deciding)
        case other:
            assert_never(other)


def _follow(node: c.Checked, found: Needs, deciding: Deciding) -> None:
    for decides in deciding(node):
        if isinstance(decides, Field):
            found.fields[decides.name] = decides
        elif decides not in found.followed:
            found.followed.add(decides)
            gather(decides.root, found, deciding)


def _reach_back(wanted: dict[str, Counted], node: c.EventsCounted) -> None:
    known = wanted.get(node.event)
    back = max(node.within_days, known.back if known else 0)
    by_contact = node.tally is n.Tally.CONTACTS or (known is not None and known.by_contact)
    wanted[node.event] = Counted(node.days, back, by_contact)
