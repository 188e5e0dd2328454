"""Where what a list gives is not what is stored."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    or_,
    select,
    true,
)

from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.signals.health_overrides.models import health_overrides
from accounts_api.signals.health_values.models import health_scores
from accounts_api.signals.health_values.statement import GONE, SCORED, List, over_results
from shared.data import WORKSPACE
from shared.rules.types.context import EvaluationContext

_KEPT: Final = (
    "score",
    "label",
    "computed_score",
    "computed_label",
    "definition_key",
    "definitions_version",
    "points",
    "null_reason",
    "capped_by",
    "override_id",
    "label_since",
    "told_score",
)
_SAID: Final = ("id", "label", "score", "expires_at")
SCORE: Final = bindparam("score_id", type_=Uuid())
VERSION: Final = bindparam("version", type_=Integer())


def statement_of(found: List, context: EvaluationContext) -> Select[Any]:
    """Executed with `ids`, `score_id` and `version`."""
    return over_results(found, context, _differing)


def _differing(result: CTE) -> Select[Any]:
    """Beside what is stored: those where that is not the same, and all that a person spoke of."""
    stored = _beside(health_scores, result, _KEPT, "stored")
    said = _beside(health_overrides, result, _SAID, "said", health_overrides.c.ended_at.is_(None))
    next_change_at = stored_next_change(WORKSPACE, SCORE, result.c.record_id)
    same = ("computed_score", "computed_label", "definition_key", "null_reason", "capped_by")
    differs = [result.c[name].is_distinct_from(stored.c[name]) for name in same]
    differs += [
        result.c.points.is_distinct_from(stored.c.points),
        stored.c.definitions_version.is_distinct_from(VERSION),
    ]
    known = stored.c.label_since.is_not(None)
    return (
        select(
            *(column for column in result.c if column.name != "inputs"),
            cast(result.c.inputs, Text).label("inputs"),
            *(stored.c[name].label(f"stored_{name}") for name in _KEPT),
            *(said.c[name].label(f"said_{name}") for name in _SAID),
            next_change_at.label("stored_next_at"),
        )
        .select_from(result)
        .outerjoin(stored, true())
        .outerjoin(said, true())
        .where(
            or_(
                and_(result.c.state == SCORED, or_(*differs)),
                and_(result.c.state == GONE, known),
                said.c.id.is_not(None),
                stored.c.override_id.is_not(None),
                result.c.next_at.is_distinct_from(next_change_at),
            )
        )
    )


def _beside(
    table: Any, result: CTE, names: Sequence[str], name: str, *where: ColumnElement[bool]
) -> FromClause:
    """The row of a record, found by its key: a join would be planned for a table that has grown
    since it was last analyzed.
    """
    return (
        select(*(table.c[column] for column in names))
        .where(
            table.c.workspace_id == WORKSPACE,
            table.c.score_id == SCORE,
            table.c.record_id == result.c.record_id,
            *where,
        )
        .correlate(result)
        .limit(1)
        .lateral(name)
    )
