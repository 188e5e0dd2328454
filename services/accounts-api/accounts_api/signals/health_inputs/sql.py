"""Inputs as SQL: the value of each, and the instant at which time alone gives it other points."""

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
)

from accounts_api.signals.health_inputs.inputs import (
    DaysSince,
    DaysSinceEvent,
    FieldValue,
    Input,
    RuleHolds,
)
from accounts_api.signals.scoring.definition import Bands, Linear, PointsRule
from shared.rules.sql.beside import event_days
from shared.rules.sql.compile import verdict
from shared.rules.sql.dates import day_start, local_day
from shared.rules.sql.next_change import next_change
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import FieldType
from shared.rules.types.context import EvaluationContext

_FURTHEST: Final = 400_000
"""Days that anybody counts: more than a thousand years."""
_LAST_DAY: Final = date(9000, 1, 1)

Expression = ColumnElement[Any]


def value_of(found: Input, row: Row, context: EvaluationContext) -> Expression:
    """A number, or a text; a boolean as its text."""
    match found:
        case FieldValue(field):
            numeric = field.type in {FieldType.NUMBER, FieldType.CURRENCY}
            return cast(row.value(field), Numeric() if numeric else Text())
        case DaysSince() | DaysSinceEvent():
            return cast(_today(context) - day_of(found, row, context), Numeric())
        case RuleHolds(rule):
            holds = verdict(rule, row.table, context)
            return cast(case((holds, _whole(100)), else_=_whole(0)), Numeric())


def day_of(found: DaysSince | DaysSinceEvent, row: Row, context: EvaluationContext) -> Expression:
    """The local day from which days are counted."""
    if isinstance(found, DaysSince):
        value = row.value(found.field)
        return local_day(value, context) if found.field.type is FieldType.DATETIME else value
    table, where = _counted(found, row)
    day = table.c[found.days.day]
    latest = row.beside(table, *where, not_(day > _today(context)), what=func.max(day))
    return latest.scalar_subquery()


def instants_of(found: Input, row: Row, context: EvaluationContext) -> list[Expression]:
    """When time alone gives it another value, beside the edges of its points."""
    match found:
        case RuleHolds(rule):
            at = next_change(rule, row.table, context)
            return [] if at is None else [at]
        case DaysSinceEvent():
            table, where = _counted(found, row)
            day = table.c[found.days.day]
            to_come = row.beside(table, *where, day > _today(context), what=func.min(day))
            return [day_start(to_come.scalar_subquery(), context)]
        case _:
            return []


def _counted(found: DaysSinceEvent, row: Row) -> tuple[Any, list[ColumnElement[bool]]]:
    table = event_days(found.days)
    where = [table.c[found.days.record] == row.id]
    if found.event is not None:
        where.append(table.c[found.days.name] == found.event)
    return table, where


def edge_of(
    found: Input, points: PointsRule, value: Expression, context: EvaluationContext
) -> Expression | None:
    """The start of the day on which a number of days, now `value`, reaches other points."""
    counts_days = isinstance(found, DaysSince | DaysSinceEvent)
    later = _days_until(points, value) if counts_days else None
    if later is None:
        return None
    day = _today(context) + cast(later, Integer)
    return case((day <= _date(_LAST_DAY), day_start(day, context)))


def _days_until(points: PointsRule, days: Expression) -> Expression | None:
    match points:
        case Bands(bands):
            edges = [_up(band.start) for band in bands if band.start is not None]
            edges = [edge for edge in edges if abs(edge) <= _FURTHEST]
            if not edges:
                return None
            return case(*((days < _whole(edge), _whole(edge) - days) for edge in edges))
        case Linear(start, end):
            low, high = sorted((start, end))
            if high < -_FURTHEST or low > _FURTHEST:
                return None
            first = max(_down(low), -_FURTHEST) + 1
            ahead = func.greatest(_whole(1), _whole(first) - days)
            return case((days < literal_column(f"({high:f})", Numeric()), ahead))
        case _:
            return None


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _down(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR))


def _today(context: EvaluationContext) -> Expression:
    return _date(context.today)


def _date(day: date) -> Expression:
    return bindparam(None, day, type_=Date())


def _whole(number: int) -> Expression:
    return literal_column(f"({number})", Integer())
