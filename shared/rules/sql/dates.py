"""Days and instants that follow from a record's own date."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Text, bindparam, case, cast, func, null

from shared.columns import AT
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import EvaluationContext


def begins(row: Row, field: Field | None, context: EvaluationContext) -> ColumnElement[Any]:
    """The instant itself, or the start of the local day."""
    return _instant(row, field, context, 0)


def is_over(row: Row, field: Field | None, context: EvaluationContext) -> ColumnElement[Any]:
    """The instant itself, or the start of the local day after."""
    return _instant(row, field, context, 1)


def _instant(
    row: Row, field: Field | None, context: EvaluationContext, days: int
) -> ColumnElement[Any]:
    if field is None:
        return cast(null(), AT)
    value = row.value(field)
    if field.type is FieldType.DATETIME:
        return value
    return day_start(value + days if days else value, context)


def day_start(day: ColumnElement[Any], context: EvaluationContext) -> ColumnElement[Any]:
    return func.day_start(cast(day, Date()), _zone(context), type_=AT)


def local_day(instant: ColumnElement[Any], context: EvaluationContext) -> ColumnElement[Any]:
    return cast(func.timezone(_zone(context), instant), Date())


def next_anniversary(
    value: ColumnElement[Any], field: Field, context: EvaluationContext
) -> ColumnElement[Any]:
    """The twin of `EvaluationContext.anniversary`: like it, adding years to 29 February gives
    28 February in a common year.
    """
    today = context.today
    day = local_day(value, context) if field.type is FieldType.DATETIME else value
    year = cast(func.extract("year", day), Integer())
    years = func.greatest(1, bindparam(None, today.year, type_=Integer()) - year)
    this_year = cast(day + func.make_interval(years), Date())
    next_year = cast(day + func.make_interval(years + 1), Date())
    following = case((this_year >= today, this_year), else_=next_year)
    return case((following <= date.max, following))


def _zone(context: EvaluationContext) -> ColumnElement[Any]:
    return bindparam(None, context.zone.key, type_=Text())
