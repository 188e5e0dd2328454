"""Instants that follow from a record's own date: when its day begins, and when it is over."""

from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, null

from accounts_api.language.rules.catalog import Field, FieldType
from accounts_api.language.rules.context import EvaluationContext
from accounts_api.language.sql.rows import Row
from shared.columns import AT


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
    zone = bindparam(None, context.zone.key, type_=Text())
    return func.day_start(value + days if days else value, zone, type_=AT)
