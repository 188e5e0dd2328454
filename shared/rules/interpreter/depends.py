"""Which changes can change a rule's verdict, and on which records.

A dependency is one thing that a rule reads: on which record type, what, and over which relations
from the record that the rule is about. A change to that thing reaches every record at the start of
the path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from shared.rules.types import typed as c
from shared.rules.types.catalog import Children, Link, Parent, Relation
from shared.rules.types.context import Asks

EXISTENCE: Final = "*"
"""Stands for a record's creation, deletion and return: everything about it changed."""
CALENDAR: Final = "calendar"
"""Stands for what a local day is: the workspace's zone, fiscal year, business days."""


_EVENTS: Final = "events:"
ANY_EVENTS: Final = f"{_EVENTS}*"
"""Stands for product events of any name."""


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    record_type: str
    what: str
    """A field, a relation, `segment:<id>`, `role:<key>`, `events:<name>`, ANY_EVENTS, or
    EXISTENCE.
    """
    path: tuple[str, ...] = ()


def segment_dependency(segment: str) -> str:
    return f"segment:{segment}"


def role_dependency(role: str) -> str:
    return f"role:{role}"


def events_dependency(event: str) -> str:
    return f"{_EVENTS}{event}"


def event_property_dependency(key: str) -> str:
    """Nothing changes it: it says who reads a declared property."""
    return f"event_property:{key}"


def is_of_events(dependency: Dependency) -> bool:
    return dependency.what.startswith(_EVENTS)


def dependencies(rule: c.Rule) -> frozenset[Dependency]:
    own = {Dependency(rule.type.name, EXISTENCE)}
    if Asks.CALENDAR in rule.root.asks:
        own.add(Dependency(rule.type.name, CALENDAR))
    return frozenset({*own, *seen(rule.root, rule.type.name, ())})


def segments_read(rule: c.Rule) -> frozenset[str]:
    return frozenset(node.segment for node in c.walk(rule.root) if isinstance(node, c.Member))


def seen(node: c.Checked, here: str, path: tuple[str, ...]) -> Iterator[Dependency]:
    """What a condition reads on the records at the end of `path`, which are of type `here`."""
    match node:
        case c.FieldTest(field=field):
            if field.on_link:
                return
            yield Dependency(here, field.name, path)
            if isinstance(node.test, c.Equals | c.Numbers) and node.test.currency:
                yield Dependency(here, field.currency_column or field.name, path)
        case c.RelatedMatch(relation=relation) | c.RelatedCount(relation=relation):
            yield from relation_dependencies(relation, here, path)
            if node.where is not None:
                yield from seen(node.where, relation.target, (*path, relation.name))
        case c.Member(segment=segment):
            yield Dependency(here, segment_dependency(segment), path)
        case c.Role(role=role):
            yield Dependency(here, role_dependency(role), path)
        case c.EventsCounted(event=event):
            yield Dependency(here, events_dependency(event), path)
            yield from (Dependency(here, what, path) for what in _properties_read(node))
        case c.And() | c.Or() | c.Not():
            for child in c.children(node):
                yield from seen(child, here, path)
        case other:
            assert_never(other)


def _properties_read(node: c.EventsCounted) -> Iterator[str]:
    for inner in c.walk(node):
        if isinstance(inner, c.FieldTest):
            yield event_property_dependency(inner.field.trait or "")


def relation_dependencies(
    relation: Relation, here: str, path: tuple[str, ...]
) -> Iterator[Dependency]:
    """Records come and go at the far end, and links between living records are made and cut."""
    there = (*path, relation.name)
    yield Dependency(relation.target, EXISTENCE, there)
    match relation.join:
        case Parent(column):
            yield Dependency(here, column, path)
        case Children(column):
            # the new parent is found over the child, the one it left is told of by name
            yield Dependency(relation.target, column, there)
            yield Dependency(here, relation.name, path)
        case Link():
            yield Dependency(here, relation.name, path)
