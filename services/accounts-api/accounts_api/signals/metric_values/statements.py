"""A metric as one statement over many records, every value a bound parameter.

The twin of `metric_documents.arithmetic`: both give the same number.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from accounts_api.signals.metric_documents.arithmetic import LARGEST
from accounts_api.signals.metric_documents.documents import (
    Constant,
    FieldOf,
    Metric,
    Other,
    Related,
    Source,
)
from accounts_api.signals.metric_values.sources import Part, Sources, exact, truth
from shared.columns import AT
from shared.rules.sql.rows import Row, record_table
from shared.rules.types.context import EvaluationContext


def values(metric: Metric, context: EvaluationContext) -> tuple[Row, Select[Any]]:
    """For each living record of the workspace: record_id, numerator, denominator, value,
    null_reason, next_change_at. The caller says which records.
    """
    row = Row(metric.type, record_table(metric.type))
    sources = Sources(row, context)
    numerator = _part(metric.numerator, sources, 0)
    denominator = None if metric.denominator is None else _part(metric.denominator, sources, 0)
    reason = _reason(numerator, denominator)
    value = _rounded(metric, numerator, denominator)
    fits = func.abs(value) < exact(LARGEST)
    changes = [*numerator.next_changes, *(denominator.next_changes if denominator else ())]
    statement = select(
        row.id.label("record_id"),
        numerator.value.label("numerator"),
        (cast(null(), Numeric()) if denominator is None else denominator.value).label(
            "denominator"
        ),
        case((and_(reason.is_(None), fits), value)).label("value"),
        func.coalesce(reason, case((~fits, literal("out_of_range", Text())))).label("null_reason"),
        _earliest(changes).label("next_change_at"),
    )
    joined: Any = row.table
    for lateral in sources.joined:
        joined = joined.outerjoin(lateral, true())
    return row, statement.select_from(joined).where(row.table.c.deleted_at.is_(None))


def _earliest(changes: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    if not changes:
        return cast(null(), AT)
    return changes[0] if len(changes) == 1 else func.least(*changes, type_=AT)


def _part(source: Source, sources: Sources, days_ago: int) -> Part:
    match source:
        case Constant(value):
            return Part(exact(value))
        case FieldOf():
            return sources.field_of(source)
        case Related(gathered):
            return sources.related(gathered)
        case Other(metric, ago):
            return _inner(metric, sources, days_ago + ago)
        case _:
            return sources.of_events(source, days_ago)


def _inner(metric: Metric, sources: Sources, days_ago: int) -> Part:
    """The value of another metric."""
    numerator = _part(metric.numerator, sources, days_ago)
    denominator = None
    if metric.denominator is not None:
        denominator = _part(metric.denominator, sources, days_ago)
    value = _rounded(metric, numerator, denominator)
    there = and_(_reason(numerator, denominator).is_(None), func.abs(value) < exact(LARGEST))
    changes = (*numerator.next_changes, *(denominator.next_changes if denominator else ()))
    return Part(case((there, value)), next_changes=changes)


def _reason(numerator: Part, denominator: Part | None) -> ColumnElement[Any]:
    missing: list[tuple[ColumnElement[bool], str]] = [
        (numerator.value.is_(None), "numerator_missing")
    ]
    mixed = [truth(numerator.mixed)]
    if denominator is not None:
        missing += [
            (denominator.value.is_(None), "denominator_missing"),
            (denominator.value == exact(0), "denominator_zero"),
        ]
        mixed.append(truth(denominator.mixed))
        if numerator.currency is not None and denominator.currency is not None:
            mixed.append(func.coalesce(numerator.currency != denominator.currency, false()))
    whens = [(cast(or_(*mixed), Boolean()), "mixed_currencies"), *missing]
    return case(*((condition, literal(reason, Text())) for condition, reason in whens))


def _rounded(metric: Metric, numerator: Part, denominator: Part | None) -> ColumnElement[Any]:
    """Half away from zero. `div` gives whole numbers: a quotient would be rounded twice."""
    scale = Decimal(100 if metric.unit == "percent" else 1)
    if denominator is None:
        value: ColumnElement[Any] = func.round(numerator.value * exact(scale), metric.decimals)
    else:
        above = numerator.value * exact(scale * 10**metric.decimals)
        below = func.nullif(denominator.value, exact(0))
        sign = func.sign(numerator.value) * func.sign(below)
        twice = exact(2) * func.abs(below)
        whole = func.div(exact(2) * func.abs(above) + func.abs(below), twice)
        value = sign * whole * exact(Decimal(1).scaleb(-metric.decimals))
    if metric.minimum is not None:
        value = func.greatest(value, func.round(exact(metric.minimum), metric.decimals))
    if metric.maximum is not None:
        value = func.least(value, func.round(exact(metric.maximum), metric.decimals))
    # A missing value stays missing: greatest and least would skip it.
    there: ColumnElement[bool] = numerator.value.is_not(None)
    if denominator is not None:
        there = and_(there, denominator.value.is_not(None), denominator.value != exact(0))
    return cast(case((there, value)), Numeric())
