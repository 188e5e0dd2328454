"""Which changes can change a rule's verdict, and on which records.

A sight is one thing a rule looks at: on which record type, what, and over which relations from the
record that the rule is about. A change to that thing reaches every record at the start of the path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from accounts_api.language.rules import typed as c
from accounts_api.language.rules.catalog import Children, Link, Parent, Relation
from accounts_api.language.rules.context import Asks

EXISTENCE: Final = "*"
"""Stands for a record's creation, deletion and return: everything about it changed."""
CALENDAR: Final = "calendar"
"""Stands for what a local day is: the workspace's zone, fiscal year, holidays, working days."""


@dataclass(frozen=True, slots=True, order=True)
class Sight:
    record_type: str
    what: str
    """A field, a relation, `segment:<id>`, `role:<key>`, `events:<name>`, or EXISTENCE."""
    path: tuple[str, ...] = ()


def segment_sight(segment: str) -> str:
    return f"segment:{segment}"


def role_sight(role: str) -> str:
    return f"role:{role}"


def events_sight(event: str) -> str:
    return f"events:{event}"


def sights(rule: c.Rule) -> frozenset[Sight]:
    own = {Sight(rule.type.name, EXISTENCE)}
    if Asks.CALENDAR in rule.root.asks:
        own.add(Sight(rule.type.name, CALENDAR))
    return frozenset({*own, *seen(rule.root, rule.type.name, ())})


def segments_seen(rule: c.Rule) -> frozenset[str]:
    return frozenset(node.segment for node in c.walk(rule.root) if isinstance(node, c.Member))


def seen(node: c.Checked, here: str, path: tuple[str, ...]) -> Iterator[Sight]:
    """What a condition looks at on the records at the end of `path`, which are of type `here`."""
    match node:
        case c.FieldTest(field=field) if not field.on_link:
            yield Sight(here, field.name, path)
            if isinstance(node.test, c.Equals | c.Numbers) and node.test.currency:
                yield Sight(here, field.currency_column or field.name, path)
        case c.Others(relation=relation) | c.OthersCounted(relation=relation):
            yield from relation_seen(relation, here, path)
            if node.where is not None:
                yield from seen(node.where, relation.target, (*path, relation.name))
        case c.Member(segment=segment):
            yield Sight(here, segment_sight(segment), path)
        case c.Role(role=role):
            yield Sight(here, role_sight(role), path)
        case c.EventsCounted(event=event):
            yield Sight(here, events_sight(event), path)
        case _:
            for child in c.children(node):
                yield from seen(child, here, path)


def relation_seen(relation: Relation, here: str, path: tuple[str, ...]) -> Iterator[Sight]:
    """Records come and go at the far end, and links between living records are made and cut."""
    there = (*path, relation.name)
    yield Sight(relation.target, EXISTENCE, there)
    match relation.join:
        case Parent(column):
            yield Sight(here, column, path)
        case Children(column):
            # the new parent is found over the child, the one it left is told of by name
            yield Sight(relation.target, column, there)
            yield Sight(here, relation.name, path)
        case Link():
            yield Sight(here, relation.name, path)
