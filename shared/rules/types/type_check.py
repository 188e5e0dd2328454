"""From the rule as written to one ready for use: names looked up, operators and values typed.

Every fault is found in one pass, each with its place and, where one is near, the name meant.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.types import typed as c
from shared.rules.types.catalog import (
    Catalog,
    EventDays,
    Field,
    FieldType,
    RecordType,
    Relation,
    Scope,
)
from shared.rules.types.context import Asks, Day
from shared.rules.types.literals import Mistyped, Typing
from shared.spelling import nearest

_ANY: Final = frozenset({n.Op.IS_EMPTY, n.Op.NOT_EMPTY, n.Op.CHANGED_WITHIN})
_SET: Final = _ANY | {n.Op.EQ, n.Op.NEQ, n.Op.IN, n.Op.NOT_IN}
_RANGE: Final = frozenset({n.Op.LT, n.Op.LTE, n.Op.GT, n.Op.GTE, n.Op.BETWEEN})
_DATES: Final = frozenset(
    {n.Op.ON, n.Op.BEFORE, n.Op.AFTER, n.Op.PAST, n.Op.FUTURE}
    | {n.Op.WITHIN_NEXT, n.Op.WITHIN_LAST, n.Op.IN_PERIOD, n.Op.ANNIVERSARY_WITHIN}
)
OPERATORS: Final[dict[FieldType, frozenset[n.Op]]] = {
    FieldType.TEXT: _SET | {n.Op.CONTAINS, n.Op.NOT_CONTAINS, n.Op.STARTS_WITH, n.Op.ENDS_WITH},
    FieldType.NUMBER: _SET | _RANGE,
    FieldType.CURRENCY: _SET | _RANGE,
    FieldType.BOOLEAN: _ANY | {n.Op.EQ, n.Op.NEQ},
    FieldType.SELECT: _SET,
    FieldType.ID: _SET,
    FieldType.MULTI_SELECT: _ANY | {n.Op.HAS_ANY, n.Op.HAS_ALL, n.Op.HAS_NONE},
    FieldType.DATE: _ANY | _RANGE | _DATES | {n.Op.EQ, n.Op.NEQ},
    FieldType.DATETIME: _ANY | _RANGE | _DATES | {n.Op.EQ, n.Op.NEQ},
}
_NEGATIVE: Final = frozenset(
    {n.Op.NEQ, n.Op.NOT_IN, n.Op.NOT_CONTAINS, n.Op.HAS_NONE, n.Op.IS_EMPTY}
)


def check(node: n.Node, catalog: Catalog, type_name: str) -> c.Rule:
    """The rule over records of `type_name`, with segments by their ids; raises RuleFaulty with
    every fault.
    """
    node = n.with_segments(node, catalog.segment_ids)
    checker = Checker(catalog)
    root = checker.node(node, catalog.scope(type_name))
    if checker.faults or root is None:
        raise RuleFaulty(checker.faults)
    return c.Rule(catalog.types[type_name], root, node)


class Checker:
    """Each method resolves one kind of node, or notes why it cannot and returns None."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.faults: list[Fault] = []

    def fault(self, code: str, message: str, place: Place, suggestion: str | None = None) -> None:
        self.faults.append(Fault(code, message, place, suggestion))

    def node(self, node: n.Node, scope: Scope) -> c.Checked | None:
        match node:
            case n.AllOf(items):
                return c.And(self.nodes(items, scope), node)
            case n.AnyOf(items):
                return c.Or(self.nodes(items, scope), node)
            case n.NotOf(item):
                inner = self.node(item, scope)
                return c.Not(inner, node) if inner else None
            case n.Compare():
                return self.compare(node, scope)
            case n.Related():
                return self.related(node, scope)
            case n.RelatedCount():
                return self.related_count(node, scope)
            case n.InSegment():
                return self.segment(node, scope)
            case n.KeyRole():
                return self.key_role(node, scope)
            case n.Events():
                return self.events(node, scope)

    def nodes(self, items: Iterable[n.Node], scope: Scope) -> tuple[c.Checked, ...]:
        read = [self.node(item, scope) for item in items]
        return tuple(item for item in read if item is not None)

    def compare(self, node: n.Compare, scope: Scope) -> c.Checked | None:
        found = self.path(node, scope)
        if found is None:
            return None
        hops, end, field = found
        if node.op not in OPERATORS[field.type]:
            self.wrong_operator(node, field)
            return None
        if node.op is n.Op.CHANGED_WITHIN and (end.changes is None or field.side is not None):
            message = f"When {field.name} of {end.name} changed is not kept."
            self.fault("changes_not_kept", message, node.place.part("op"))
            return None
        try:
            test = Typing(field, node.place).test(node)
        except Mistyped as wrong:
            self.faults.extend(wrong.faults)
            return None
        negated = node.op in _NEGATIVE
        checked: c.Checked = c.FieldTest(end, field, test, negated and not hops, node)
        for target, relation in reversed(hops):
            outermost = relation is hops[0][1]
            quantifier = n.Quantifier.NONE if negated and outermost else n.Quantifier.ANY
            checked = c.RelatedMatch(relation, target, quantifier, checked, node)
        return checked

    def path(
        self, node: n.Compare, scope: Scope
    ) -> tuple[list[tuple[RecordType, Relation]], RecordType, Field] | None:
        """The relations followed, each with the type it leads to, then the field at the end."""
        hops: list[tuple[RecordType, Relation]] = []
        rest = node.path
        while rest not in scope.fields:
            head, dot, tail = rest.partition(".")
            if head not in scope.relations or not dot:
                if not dot or head in scope.groups:
                    self.unknown_field(rest, scope, node.place.part("field"))
                else:
                    self.unknown_relation(head, scope, node.place.part("field"))
                return None
            relation = scope.relations[head]
            hops.append((self.catalog.types[relation.target], relation))
            scope, rest = self.catalog.scope(relation.target, relation), tail
        return hops, scope.type, scope.fields[rest]

    def unknown_field(self, name: str, scope: Scope, place: Place) -> None:
        guess = nearest(name, scope.fields)
        if guess is None:
            guess = nearest(f"traits.{name}", scope.fields)
        message = f"{scope.type.name} has no field {name!r}."
        self.fault("unknown_field", message, place, guess)

    def unknown_relation(self, name: str, scope: Scope, place: Place) -> None:
        here = scope.type.elsewhere.get(name)
        if here is not None:
            message = f"{name} is kept elsewhere: find it there, and compare {here}."
            self.fault("kept_elsewhere", message, place, here)
            return
        message = f"{scope.type.name} has no related records {name!r}."
        self.fault("unknown_relation", message, place, nearest(name, scope.relations))

    def wrong_operator(self, node: n.Compare, field: Field) -> None:
        known = sorted(OPERATORS[field.type])
        same = {
            (FieldType.MULTI_SELECT, n.Op.EQ): n.Op.HAS_ANY,
            (FieldType.MULTI_SELECT, n.Op.IN): n.Op.HAS_ANY,
            (FieldType.MULTI_SELECT, n.Op.CONTAINS): n.Op.HAS_ANY,
            (FieldType.MULTI_SELECT, n.Op.NEQ): n.Op.HAS_NONE,
            (FieldType.MULTI_SELECT, n.Op.NOT_IN): n.Op.HAS_NONE,
            (FieldType.SELECT, n.Op.HAS_ANY): n.Op.IN,
            (FieldType.TEXT, n.Op.HAS_ANY): n.Op.IN,
            (FieldType.BOOLEAN, n.Op.IN): n.Op.EQ,
        }
        guess = same.get((field.type, node.op)) or nearest(node.op, known)
        message = f"{field.name} is a {field.type}; it compares by {', '.join(known)}."
        self.fault("wrong_operator", message, node.place.part("op"), guess)

    def relation(self, node: n.Related | n.RelatedCount, scope: Scope) -> Relation | None:
        if node.relation not in scope.relations:
            self.unknown_relation(node.relation, scope, node.place.part("related"))
            return None
        return scope.relations[node.relation]

    def related(self, node: n.Related, scope: Scope) -> c.Checked | None:
        relation = self.relation(node, scope)
        if relation is None:
            return None
        where = None
        if node.where is not None:
            where = self.node(node.where, self.catalog.scope(relation.target, relation))
            if where is None:
                return None
        target = self.catalog.types[relation.target]
        return c.RelatedMatch(relation, target, node.quantifier, where, node)

    def related_count(self, node: n.RelatedCount, scope: Scope) -> c.Checked | None:
        relation = self.relation(node, scope)
        if relation is None:
            return None
        where = None
        if node.where is not None:
            where = self.node(node.where, self.catalog.scope(relation.target, relation))
            if where is None:
                return None
        target = self.catalog.types[relation.target]
        return c.RelatedCount(relation, target, node.op, node.count, where, node)

    def segment(self, node: n.InSegment, scope: Scope) -> c.Checked | None:
        place = node.place.part("segment")
        if scope.type.memberships is None:
            message = f"There are no segments of records of type {scope.type.name}."
            self.fault("wrong_record_type", message, place)
            return None
        try:
            segment = str(UUID(node.segment))
        except ValueError:
            near = nearest(node.segment, self.catalog.segment_ids)
            self.fault("unknown_segment", "There is no segment with this key.", place, near)
            return None
        known = self.catalog.segments
        if known is not None and segment not in known:
            self.fault("unknown_segment", "There is no such segment.", place)
            return None
        if known is not None and known[segment] != scope.type.name:
            message = f"This segment is one of {known[segment]} records, not {scope.type.name}."
            self.fault("wrong_record_type", message, place)
            return None
        return c.Member(scope.type, segment, node.op is n.SegmentOp.NOT_MEMBER, node)

    def key_role(self, node: n.KeyRole, scope: Scope) -> c.Checked | None:
        place = node.place.part("key_role")
        holdings = scope.type.holdings
        if holdings is None:
            message = f"Nobody holds a role on records of type {scope.type.name}."
            self.fault("wrong_record_type", message, place)
            return None
        known = self.catalog.key_roles
        if known is not None and node.role not in known:
            guess = nearest(node.role, known)
            self.fault("unknown_key_role", "There is no such key role.", place, guess)
            return None
        member = node.member
        if member is not None:
            try:
                member = str(UUID(member))
            except ValueError:
                self.fault("bad_value", "A member is named by its id.", node.place.part("member"))
                return None
        negated = node.op in {n.RoleOp.NOT_HELD, n.RoleOp.NOT_HELD_BY}
        return c.Role(scope.type, holdings, node.role, member, negated, node)

    def events(self, node: n.Events, scope: Scope) -> c.Checked | None:
        days = scope.type.events
        if days is None:
            message = f"Product events of a {scope.type.name} cannot be counted here."
            self.fault("events_not_available", message, node.place.part(node.tally))
            return None
        if node.tally is n.Tally.CONTACTS and days.contact is None:
            message = f"Who did something is counted of accounts, not of a {scope.type.name}."
            self.fault("events_not_available", message, node.place.part(node.tally))
            return None
        type_, where = None, None
        if node.where is not None:
            type_ = event_type(days, node.event)
            where = self.of_event(node.where, type_)
            if where is None:
                return None
        first = Day(n.Span(-node.within_days, n.Unit.DAYS))
        window = c.Days(first, Day(n.Span(0, n.Unit.DAYS)))
        return c.EventsCounted(
            *(scope.type, days, node.event, node.within_days, window, node.op, node.count),
            *(type_, where, node.tally, node),
        )

    def of_event(self, node: n.Node, type_: RecordType) -> c.Checked | None:
        """A condition on the declared properties of an event."""
        checked = self.node(node, Scope(type_, {field.name: field for field in type_.fields}, {}))
        if checked is not None and checked.asks & (Asks.NOW | Asks.TODAY):
            message = "An event stays what it was: compare its properties with fixed values."
            self.fault("moving_condition", message, node.place)
            return None
        return checked


def event_type(days: EventDays, event: str) -> RecordType:
    """An event as what a condition is about."""
    declared = days.declared.get(event, ()) if days.values else ()
    return RecordType(
        f"event {event!r}", days.values or days.table, declared, traits=days.properties
    )
