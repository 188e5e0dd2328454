"""When may time alone change the verdict on one record? The Python twin of `sql.next_change`.

The answer may be too early, never too late: until that instant the verdict stays as it is, unless
the record or one it is related to changes.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from shared.rules.interpreter.evaluate import (
    Snapshot,
    next_anniversary,
    satisfies,
    value_of,
)
from shared.rules.syntax import nodes as n
from shared.rules.types import typed as c
from shared.rules.types.context import Day, EvaluationContext


def next_change(rule: c.Rule, record: Snapshot, context: EvaluationContext) -> datetime | None:
    """The first instant after now at which the verdict may change; None if only data can."""
    return min(instants(rule.root, record, context), default=None)


def instants(node: c.Checked, record: Snapshot, context: EvaluationContext) -> Iterator[datetime]:
    """Instants after now at which the verdict of one condition may change."""
    if not node.asks.moves:
        return
    match node:
        case c.And(items) | c.Or(items):
            still = [satisfies(item, record, context) for item in items if not item.asks.moves]
            decided = not all(still) if isinstance(node, c.And) else any(still)
            for item in () if decided else items:
                yield from instants(item, record, context)
        case c.Not(item):
            yield from instants(item, record, context)
        case c.RelatedMatch() | c.RelatedCount() if node.where is not None:
            for other in record.related[node.relation.name]:
                yield from instants(node.where, other, context)
        case c.FieldTest():
            yield from _field(node, record, context)
        case c.Role():
            yield from _role(node, record, context)
        case c.EventsCounted():
            yield from _events(node, record, context)


def _role(node: c.Role, record: Snapshot, context: EvaluationContext) -> Iterator[datetime]:
    for held in record.roles:
        if held.role == node.role and node.member in {None, held.member}:
            ends = (held.valid_from, held.valid_to)
            yield from (end for end in ends if end is not None and end > context.now)


def _field(node: c.FieldTest, record: Snapshot, context: EvaluationContext) -> Iterator[datetime]:
    match node.test:
        case c.Changed(window):
            changes = record.changes.get(node.field.name, ())
            yield from (at for at in changes if at > context.now)
            latest = max((at for at in changes if at <= context.now), default=None)
            if latest is not None:
                yield from _window(window, latest, context)
        case c.Days() | c.Instants() as window:
            value = value_of(node.field, record)
            if isinstance(value, date):
                yield from _window(window, value, context)
        case c.Anniversary(until):
            value = value_of(node.field, record)
            following = None if value is None else next_anniversary(value, context)
            if following is not None:
                yield from _anniversary(until, following, context)
        case test:
            _timeless: c.Timeless = test


def _window(
    window: c.Days | c.Instants, value: date | datetime, context: EvaluationContext
) -> Iterator[datetime]:
    if isinstance(window, c.Instants):
        if isinstance(value, datetime):
            for end in (window.low, window.high):
                if end is not None and isinstance(end.base, timedelta):
                    at = value - end.base
                    if at > context.now:
                        yield at.astimezone(UTC)
        return
    day = context.local_day(value)
    bounds = ((window.first, 1), (window.last, 0))
    for bound, beyond in bounds:
        if bound is not None and day.toordinal() + beyond <= date.max.toordinal():
            reached = context.reaches(bound, day + timedelta(days=beyond))
            if reached is not None:
                yield context.day_start(reached)


def _anniversary(until: Day, following: date, context: EvaluationContext) -> Iterator[datetime]:
    """The day on which `until` reaches the anniversary, or else the day after it."""
    reached = context.reaches(until, following)
    yield context.day_start(following + timedelta(days=1) if reached is None else reached)


def _events(
    node: c.EventsCounted, record: Snapshot, context: EvaluationContext
) -> Iterator[datetime]:
    """The next day that begins to count, and the day after which the oldest one no longer does."""
    today = context.today
    first = context.resolve(node.window.first or Day(n.Span(0, n.Unit.DAYS)))
    for day in {counted.day for counted in record.events.get(node.event, ())}:
        if day > today:
            yield context.day_start(day)
        elif day >= first:
            yield context.day_start(day + (today - first) + timedelta(days=1))
