"""Points, scores and labels as SQL: the same whole numbers as `points` and `score` make.

`scored` is the whole statement; the other functions are its parts.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.types import TypeEngine

from accounts_api.signals.scoring.definition import (
    FULL,
    Bands,
    Definition,
    FromChildren,
    Group,
    Linear,
    Measure,
    PointsRule,
    ValuePoints,
)
from accounts_api.signals.scoring.score import GROUP_SCALE, present_weight

Number = ColumnElement[Any]
_BIG: Final = BigInteger()
_NUMERIC: Final = Numeric()


def input_type(rule: PointsRule) -> TypeEngine[Any]:
    """What the value of a measure has to be; a boolean goes as its text, `true` or `false`."""
    return Text() if isinstance(rule, ValuePoints) else _NUMERIC


def scored(
    definition: Definition,
    records: FromClause,
    values: Sequence[Number],
    holding: Sequence[ColumnElement[bool]],
    *kept: ColumnElement[Any],
) -> Select[Any]:
    """Of each of `records`: `points` (an array), `uncapped`, `capped_by`, `score`, `label`, and the
    columns to keep. `values` and `holding` are those of its measures and caps. Each step selects
    from the one before behind a fence, else PostgreSQL would work out each step many times.
    """
    names = [each.name for each in kept]
    first = _fenced(
        select(
            *kept,
            *(
                points(measure, value).label(f"p{place}")
                for place, (measure, value) in enumerate(
                    zip(definition.measures, values, strict=True)
                )
            ),
            *(holds.label(f"c{place}") for place, holds in enumerate(holding)),
        ).select_from(records)
    )
    own: list[Number] = [first.c[f"p{place}"] for place in range(len(values))]
    groups = group_values(definition, own)
    second = _fenced(
        select(*first.c, *(value.label(f"g{place}") for place, value in enumerate(groups)))
    )
    own = [second.c[each.name] for each in own]
    of_groups = [second.c[f"g{place}"] for place in range(len(groups))]
    uncapped = uncapped_score(definition, own, of_groups)
    third = _fenced(select(*second.c, uncapped.label("uncapped")))
    holds = [third.c[f"c{place}"] for place in range(len(holding))]
    cap = capped_by(definition, third.c.uncapped, holds).label("capped_by")
    fourth = _fenced(select(*third.c, cap))
    score = capped_score(definition, fourth.c.uncapped, fourth.c.capped_by).label("score")
    fifth = _fenced(select(*fourth.c, score))
    return select(
        *(fifth.c[name] for name in names),
        array([fifth.c[each.name] for each in own], type_=Integer()).label("points"),
        fifth.c.uncapped,
        fifth.c.capped_by,
        fifth.c.score,
        label(definition, fifth.c.score).label("label"),
    )


def points(measure: Measure, value: ColumnElement[Any]) -> Number:
    """The points of a measure, null when it is skipped. `value` is of its `input_type`."""
    value = cast(value, input_type(measure.points))
    match measure.points:
        case ValuePoints(values, other):
            found: Number = case(
                *((value == _text(text), _whole(own)) for text, own in values),
                else_=null() if other is None else case((value.is_not(None), _whole(other))),
            )
        case Bands(bands):
            found = case(
                *(
                    (value >= _exact(band.start), _whole(band.points))
                    for band in reversed(bands)
                    if band.start is not None
                ),
                (value.is_not(None), _whole(bands[0].points)),
            )
        case Linear():
            found = _linear(measure.points, value)
    found = cast(found, Integer)
    return found if measure.when_null is None else func.coalesce(found, _whole(measure.when_null))


def group_values(definition: Definition, of_measures: Sequence[Number]) -> list[Number]:
    """Of `points` in the order of the measures."""
    return [
        _group_value(group, of_measures[span.start : span.stop])
        for group, span in zip(definition.groups, definition.spans(), strict=True)
    ]


def uncapped_score(
    definition: Definition, of_measures: Sequence[Number], of_groups: Sequence[Number]
) -> Number:
    """Null when there is not enough data."""
    groups = list(zip(definition.groups, of_groups, strict=True))
    total = _sum(
        case((value.is_not(None), _big(group.weight)), else_=_big(0)) for group, value in groups
    )
    weighed = _sum(_big(group.weight) * func.coalesce(value, _big(0)) for group, value in groups)
    score = _half_up(weighed, _big(FULL) * func.nullif(total, _big(0)))
    weights = present_weight(definition)
    if not weights.least:
        return cast(score, Integer)
    present = _sum(
        case((own.is_not(None), _exact(weight)), else_=_exact(0))
        for weight, own in zip(weights.of_measures, of_measures, strict=True)
    )
    return cast(case((present >= _exact(weights.least), score)), Integer)


def capped_by(
    definition: Definition, uncapped: Number, holding: Sequence[ColumnElement[bool]]
) -> Number:
    """The place of the cap that lowers the score, from 0; null when none does."""
    lowest_first = sorted(enumerate(definition.caps), key=lambda each: (each[1].at_most, each[0]))
    if not lowest_first:
        return cast(null(), Integer)
    return case(
        *(
            (holding[place] & (uncapped > _whole(cap.at_most)), _whole(place))
            for place, cap in lowest_first
        )
    )


def capped_score(definition: Definition, uncapped: Number, cap: Number) -> Number:
    """The score, given its `capped_by`."""
    if not definition.caps:
        return uncapped
    return case(
        *((cap == _whole(place), _whole(one.at_most)) for place, one in enumerate(definition.caps)),
        else_=uncapped,
    )


def label(definition: Definition, score: Number) -> ColumnElement[Any]:
    """The key of the label; null of no score."""
    return case(
        *((score >= _whole(one.start), _text(one.key)) for one in reversed(definition.labels))
    )


def rolled_up(rule: FromChildren, score: Number, arr: Number) -> Number:
    """An aggregate over children; those whose `score` is null do not count."""
    if rule.mode == "worst":
        return func.min(score)
    scored = score.is_not(None)
    alike = _half_up_numeric(cast(func.sum(score), _NUMERIC), cast(func.count(score), _NUMERIC))
    if rule.weigh_by == "none":
        return cast(alike, Integer)
    weight = cast(func.greatest(func.coalesce(arr, 0), 0), _NUMERIC)
    weighed = func.sum(weight * score).filter(scored)
    total = func.nullif(func.sum(weight).filter(scored), _exact(0))
    return cast(func.coalesce(_half_up_numeric(weighed, total), alike), Integer)


def _group_value(group: Group, of_measures: Sequence[Number]) -> Number:
    if group.mode == "worst":
        return _big(GROUP_SCALE) * func.least(*(cast(own, _BIG) for own in of_measures))
    pairs = list(zip(group.measures, of_measures, strict=True))
    weighed = _sum(
        _big(measure.weight) * func.coalesce(cast(own, _BIG), _big(0)) for measure, own in pairs
    )
    total = _sum(
        case((own.is_not(None), _big(measure.weight)), else_=_big(0)) for measure, own in pairs
    )
    return _half_up(_big(GROUP_SCALE) * weighed, func.nullif(total, _big(0)))


def _linear(rule: Linear, value: ColumnElement[Any]) -> Number:
    low, high = sorted((rule.start, rule.end))
    start, width = _exact(rule.start), _exact(high) - _exact(low)
    inside = func.greatest(_exact(low), func.least(_exact(high), value))
    gone = inside - start if rule.start < rule.end else start - inside
    return case((value.is_not(None), _half_up_numeric(_exact(FULL) * gone, width)))


def _half_up(numerator: Number, denominator: Number) -> Number:
    """Of bigints that are not negative, whose division cuts."""
    quotient: Number = (_big(2) * numerator + denominator) // (_big(2) * denominator)
    return quotient


def _half_up_numeric(numerator: Number, denominator: Number) -> Number:
    """Numerics are exact under everything but division, and `div` cuts to a whole number."""
    two = _exact(2)
    return func.div(two * numerator + denominator, two * denominator, type_=_NUMERIC)


def _sum(parts: Iterable[Number]) -> Number:
    first, *others = parts
    for other in others:
        first += other
    return first


def _fenced(statement: Select[Any]) -> Subquery:
    return statement.offset(literal_column("0")).subquery()


def _whole(number: int) -> Number:
    """Written out: bound, those of long lists would be more than a statement may have."""
    return literal_column(str(number), Integer())


def _big(number: int) -> Number:
    return cast(_whole(number), _BIG)


def _exact(number: int | Decimal) -> Number:
    return cast(literal_column(f"({number:f})", _NUMERIC), _NUMERIC)


def _text(value: str) -> ColumnElement[str]:
    return bindparam(None, value, type_=Text())
