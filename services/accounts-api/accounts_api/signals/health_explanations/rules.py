"""An explanation as it is shown, out of what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts_api.signals.score_reasons.changes import Decided, Line, change_since
from accounts_api.signals.score_reasons.contributions import (
    Contributions,
    Distance,
    contributions,
    distances,
)
from accounts_api.signals.score_reasons.flips import (
    Flip,
    Impossible,
    smallest_flip,
    unknown_measures,
)
from accounts_api.signals.score_reasons.states import Sign
from accounts_api.signals.score_reasons.written import written, written_parts
from accounts_api.signals.scoring.definition import (
    Bands,
    Definition,
    Linear,
    PointsRule,
    Value,
)
from accounts_api.signals.scoring.score import group_values, present_weight

_GROUP_UNITS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Since:
    """Since when an input has its value, where a change of the record says so."""

    at: datetime
    change_id: UUID


def explained(
    decided: Decided, values: Sequence[Value | None], since: Mapping[str, Since]
) -> dict[str, Any]:
    """What follows from the definition, the points and the values. `since` is by input."""
    definition, score = decided.definition, decided.score
    parts = contributions(definition, score, decided.overridden)
    down, up = (None, None) if score.score is None else distances(definition, score.score)
    present = present_weight(definition).share(score.points) * 100 if definition.groups else None
    return {
        "present_weight": None if present is None else written(present),
        "minimum_weight": definition.minimum_weight,
        "unrounded": None if parts is None else written(parts.unrounded),
        "rounding": None if parts is None else written(parts.rounding),
        "cap_effect": None if parts is None else written(parts.cap),
        "override_effect": None if parts is None else written(parts.override),
        "groups": _groups(definition, decided, parts),
        "measures": _measures(definition, decided, parts, values, since),
        "distance": {"down": _distance(down), "up": _distance(up)},
        "smallest_flip": {
            "down": _flip(decided, values, -1),
            "up": _flip(decided, values, 1),
        },
        "unknown": _unknown(definition, decided),
    }


def compared(then: Decided | None, now: Decided | None) -> list[dict[str, Any]] | None:
    """None when there was no score then, or is none now."""
    lines = change_since(then, now) if then is not None and now is not None else None
    if lines is None:
        return None
    points = written_parts([line.points for line in lines])
    return [_line(line, text) for line, text in zip(lines, points, strict=True)]


def as_number(value: Value | None) -> Any:
    """As JSON writes it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def points_of_hundredths(points: int | None) -> Any:
    return None if points is None else as_number(Decimal(points) / 100)


def _line(line: Line, points: str) -> dict[str, Any]:
    return {"kind": line.kind, "measure": line.measure, "points": points}


def _groups(
    definition: Definition, decided: Decided, parts: Contributions | None
) -> list[dict[str, Any]]:
    values = group_values(definition, decided.score.points)
    weights = [
        None if parts is None else sum(parts.effective_weights[span.start : span.stop])
        for span in definition.spans()
    ]
    shown = written_parts([weight or 0 for weight in weights])  # type: ignore[misc]
    return [
        {
            "key": group.key,
            "mode": group.mode,
            "weight": group.weight,
            "effective_weight": None if weight is None else text,
            "points": None if value is None else f"{Decimal(value) / _GROUP_UNITS:.4f}",
        }
        for group, value, weight, text in zip(
            definition.groups, values, weights, shown, strict=True
        )
    ]


def _measures(
    definition: Definition,
    decided: Decided,
    parts: Contributions | None,
    values: Sequence[Value | None],
    since: Mapping[str, Since],
) -> list[dict[str, Any]]:
    groups = [group.key for group in definition.groups for _ in group.measures]
    weights = [None] * len(groups) if parts is None else written_parts(parts.effective_weights)
    added = [None] * len(groups) if parts is None else written_parts(parts.measures)
    found = []
    for place, measure in enumerate(definition.measures):
        value, points = values[place], decided.score.points[place]
        changed = since.get(measure.input)
        found.append(
            {
                "key": measure.key,
                "group": groups[place],
                "input": measure.input,
                "value": as_number(value),
                "since": None if changed is None else changed.at,
                "change_id": None if changed is None else changed.change_id,
                **_position(measure.points, value),
                "points": points_of_hundredths(points),
                "weight": measure.weight,
                "effective_weight": weights[place],
                "contribution": added[place],
                "handled": _handled(measure.points, value, points),
                "not_actionable": measure.not_actionable,
            }
        )
    return found


def _position(rule: PointsRule, value: Value | None) -> dict[str, Any]:
    """Where the value is: the band that holds it, or the scale."""
    scale = band = None
    if isinstance(rule, Linear):
        scale = {"from": as_number(rule.start), "to": as_number(rule.end)}
    elif isinstance(rule, Bands) and value is not None and not isinstance(value, str | bool):
        starts = [each.start for each in rule.bands if each.start is not None]
        at_most = [start for start in starts if start <= value]
        above = [start for start in starts if start > value]
        band = {
            "from": as_number(at_most[-1]) if at_most else None,
            "below": as_number(above[0]) if above else None,
        }
    return {"scale": scale, "band": band}


def _handled(rule: PointsRule, value: Value | None, points: int | None) -> str:
    if points is None:
        return "skipped"
    return "points_without_value" if value is None else "by_value"


def _distance(distance: Distance | None) -> dict[str, Any] | None:
    return None if distance is None else {"to": distance.to.key, "points": distance.points}


def _flip(decided: Decided, values: Sequence[Value | None], sign: Sign) -> dict[str, Any] | None:
    definition = decided.definition
    if definition.from_children or decided.score.uncapped is None:
        return None
    found = smallest_flip(definition, values, decided.score.points, sign)
    if found is None:
        return None
    if isinstance(found, Impossible):
        return {
            "to": found.to.key,
            "possible": False,
            "exact": True,
            "reaches": found.reaches,
            "changes": [],
        }
    return {
        "to": found.to.key,
        "possible": True,
        "exact": found.exact,
        "reaches": None,
        "changes": _changes(definition, found),
    }


def _changes(definition: Definition, flip: Flip) -> list[dict[str, Any]]:
    return [
        {
            "measure": definition.measures[change.place].key,
            "from": as_number(change.before),
            "to": as_number(change.after),
            "points_from": points_of_hundredths(change.points_before),
            "points_to": points_of_hundredths(change.points_after),
        }
        for change in flip.changes
    ]


def _unknown(definition: Definition, decided: Decided) -> list[dict[str, Any]]:
    if not definition.groups:
        return []
    return [
        {
            "measure": definition.measures[each.place].key,
            "best": None if each.best is None else each.best.key,
            "worst": None if each.worst is None else each.worst.key,
        }
        for each in unknown_measures(definition, decided.score.points)
    ]
