"""When may time alone change the verdict, as SQL: one instant a row, NULL when only data can.

See `next_change` for the promise and `context` for the arithmetic: a bound that follows the
calendar (months, business days, fiscal quarters) travels as the array of what it will be on the
next days.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Interval,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.columns import AT
from shared.rules.sql.beside import changes, changes_of, event_days, holdings, kept
from shared.rules.sql.compile import (
    Compiler,
    assigned,
)
from shared.rules.sql.dates import day_start, local_day, next_anniversary
from shared.rules.sql.rows import Row
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import Day, EvaluationContext

Found = list[ColumnElement[Any]]


def next_change(
    rule: c.Rule, row: FromClause, context: EvaluationContext
) -> ColumnElement[Any] | None:
    """The first instant after now at which a row's verdict may change; None if it never does."""
    found = _Horizons(context).node(rule.root, Row(rule.type, row))
    return _least(found) if found else None


def _least(found: Found) -> ColumnElement[Any]:
    return found[0] if len(found) == 1 else func.least(*found, type_=AT)


class _Horizons:
    def __init__(self, context: EvaluationContext) -> None:
        self.context = context
        self.now = bindparam(None, context.now, type_=AT)
        self.verdicts = Compiler(context)

    def node(self, node: c.Checked, row: Row) -> Found:
        """The instants at which the node may change; each may be NULL for a row."""
        if not node.asks.moves:
            return []
        match node:
            case c.And(items):
                still = [self.verdicts.node(item, row) for item in items if not item.asks.moves]
                found = self.all_of(items, row)
                return [case((and_(*still), _least(found)))] if still else found
            case c.Or(items):
                still = [self.verdicts.node(item, row) for item in items if not item.asks.moves]
                found = self.all_of(items, row)
                undecided = or_(*still).is_not(true()) if still else None
                return found if undecided is None else [case((undecided, _least(found)))]
            case c.Not(item):
                return self.node(item, row)
            case c.RelatedMatch() | c.RelatedCount():
                return self.others(node, row)
            case c.FieldTest():
                return self.field(node, row)
            case c.Role():
                return self.role(node, row)
            case c.EventsCounted():
                return self.events(node, row)
            case c.Member():
                return []  # a move of a member is a change of its own

    def all_of(self, items: Iterable[c.Checked], row: Row) -> Found:
        return [instant for item in items for instant in self.node(item, row)]

    def others(self, node: c.RelatedMatch | c.RelatedCount, row: Row) -> Found:
        where = node.where
        if where is None:
            return []
        earliest = row.related(
            node.relation,
            node.target,
            lambda other: select(func.min(_least(self.node(where, other)))),
        )
        return [earliest.scalar_subquery()]

    def field(self, node: c.FieldTest, row: Row) -> Found:
        match node.test:
            case c.Days() | c.Instants():
                value = row.value(node.field)
                return self.window(
                    node.test, value, is_instant=node.field.type is FieldType.DATETIME
                )
            case c.Changed(window):
                return self.changed(node.field, window, row)
            case c.Anniversary(until):
                following = next_anniversary(row.value(node.field), node.field, self.context)
                inside = following <= self.context.resolve(until)
                passed = day_start(following + 1, self.context)
                return [case((inside, passed), else_=self.reaches(until, following))]
            case test:
                _timeless: c.Timeless = test
                return []

    def window(
        self, window: c.Days | c.Instants, value: ColumnElement[Any], *, is_instant: bool
    ) -> Found:
        if isinstance(window, c.Instants):
            ends = (window.low, window.high)
            moved = [
                value - bindparam(None, end.base, type_=Interval())
                for end in ends
                if end is not None and isinstance(end.base, timedelta)
            ]
            return [self.ahead(at) for at in moved]
        day = local_day(value, self.context) if is_instant else value
        found: Found = []
        if window.first is not None and window.first.moves:
            found.append(self.reaches(window.first, day + 1))
        if window.last is not None and window.last.moves:
            found.append(self.reaches(window.last, day))
        return found

    def ahead(self, instant: ColumnElement[Any]) -> ColumnElement[Any]:
        return case((instant > self.now, instant))

    def reaches(self, bound: Day, target: ColumnElement[Any]) -> ColumnElement[Any]:
        """The start of the first day on which `bound` is `target` or later: `Moment.reaches`."""
        shift = self.context.fixed_shift(bound)
        target = cast(target, Date())
        if shift is not None:
            day = target - shift
        else:
            steps = bindparam(None, list(self.context.steps(bound)), type_=ARRAY(Date()))
            day = self.date(1) + func.width_bucket(cast(target - 1, Date()), steps)
        return case(
            (target > self.date(0, self.context.resolve(bound)), day_start(day, self.context))
        )

    def date(self, plus: int, day: Any = None) -> ColumnElement[Any]:
        start = self.context.today if day is None else day
        return bindparam(None, start + timedelta(days=plus), type_=Date())

    def changed(self, field: Field, window: c.Days | c.Instants, row: Row) -> Found:
        names = kept(row.type.changes)
        found = changes(names)
        at, where = found.c[names.at], changes_of(names, found, field.name, row)
        begins = row.beside(found, *where, at > self.now, what=func.min(at))
        latest = row.beside(found, *where, at <= self.now, what=func.max(at)).scalar_subquery()
        return [begins.scalar_subquery(), *self.window(window, latest, is_instant=True)]

    def role(self, node: c.Role, row: Row) -> Found:
        names = node.holdings
        held = holdings(names)
        ends = _least([self.ahead(held.c[names.valid_from]), self.ahead(held.c[names.valid_to])])
        earliest = row.beside(held, *assigned(node, held, row), what=func.min(ends))
        return [earliest.scalar_subquery()]

    def events(self, node: c.EventsCounted, row: Row) -> Found:
        days, names = event_days(node.days), node.days
        day = days.c[names.day]
        today, first = (
            self.date(0),
            self.context.resolve(node.window.first or Day(self.context.today)),
        )
        length = (self.context.today - first).days + 1
        change = case(
            (day > today, day_start(day, self.context)), else_=day_start(day + length, self.context)
        )
        earliest = row.beside(
            days,
            days.c[names.record] == row.id,
            days.c[names.name] == node.event,
            not_(day < first),
            what=func.min(change),
        )
        return [earliest.scalar_subquery()]
