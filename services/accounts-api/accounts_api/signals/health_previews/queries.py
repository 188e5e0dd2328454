"""Every record by a draft, beside what it has now: one statement that counts where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    table,
    text,
    true,
)
from sqlalchemy.sql.expression import column

from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.signals.health_previews.rules import EVERY_RECORD_UP_TO, MOVERS, SAMPLE
from accounts_api.signals.health_values.models import health_scores
from accounts_api.signals.health_values.statement import GONE, SCORED, List, results_of
from shared.data import WORKSPACE
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class DraftCounts:
    """JSON, but for the numbers."""

    records: int
    stopped: int
    moves: str
    unscored: str
    before: str
    after: str
    movers: str


async def sample(uow: UnitOfWork, schema: RecordSchema) -> list[UUID] | None:
    """The same records each time, so that two drafts can be compared. None: there are few enough to
    look at all of them.
    """
    live = f"from {schema.table} where workspace_id = :workspace_id and deleted_at is null"
    counted = text(f"select count(*) from (select 1 {live} limit :most) counted")
    if await uow.one_value(int, counted, most=EVERY_RECORD_UP_TO + 1) <= EVERY_RECORD_UP_TO:
        return None
    sampled = text(f"select id {live} and hashtext(cast(id as text)) % {SAMPLE} = 0")
    return await uow.values(UUID, sampled)


async def draft_counts(
    uow: UnitOfWork,
    draft: List,
    score_id: UUID,
    context: EvaluationContext,
    ids: Sequence[UUID] | None,
) -> DraftCounts:
    """Of these records; None: of all."""
    statement = _counted(results_of(draft, context, everyone=ids is None), draft.type.table)
    given: dict[str, object] = {} if ids is None else {"ids": list(ids)}
    return await uow.one(DraftCounts, statement, score_id=score_id, **given)


def _counted(result: CTE, of_records: str) -> Select[Any]:
    moved = _moved(result)
    scored = moved.c.state == SCORED
    return select(
        select(func.count()).select_from(moved).where(scored).scalar_subquery().label("records"),
        select(func.count()).select_from(moved).where(~scored).scalar_subquery().label("stopped"),
        _grouped(
            select(
                moved.c.before_label.label("before"),
                moved.c.label.label("after"),
                moved.c.currency,
                func.count().label("records"),
                func.coalesce(func.sum(moved.c.arr), 0).label("arr"),
            )
            .where(scored)
            .group_by(moved.c.before_label, moved.c.label, moved.c.currency)
        ).label("moves"),
        _grouped(
            select(moved.c.null_reason.label("reason"), func.count().label("records"))
            .where(scored, moved.c.null_reason.is_not(None))
            .group_by(moved.c.null_reason)
        ).label("unscored"),
        _by_score(moved, "before_score").label("before"),
        _by_score(moved, "score").label("after"),
        _grouped(_movers(moved, of_records)).label("movers"),
    )


def _moved(result: CTE) -> CTE:
    """Beside what is stored of each record, found by its key: a join would be planned for a table
    that has grown since it was last analyzed.
    """
    stored = (
        select(health_scores.c.computed_score, health_scores.c.computed_label)
        .where(
            health_scores.c.workspace_id == WORKSPACE,
            health_scores.c.score_id == bindparam("score_id", type_=Uuid()),
            health_scores.c.record_id == result.c.record_id,
        )
        .correlate(result)
        .limit(1)
        .lateral("stored")
    )
    return (
        select(
            result.c.record_id,
            result.c.state,
            result.c.arr,
            result.c.currency,
            result.c.null_reason,
            result.c.definition_key,
            result.c.computed_score.label("score"),
            result.c.computed_label.label("label"),
            stored.c.computed_score.label("before_score"),
            stored.c.computed_label.label("before_label"),
        )
        .select_from(result)
        .outerjoin(stored, true())
        .where(result.c.state != GONE)
        .cte("moved")
        .prefix_with("materialized")
    )


def _by_score(moved: CTE, name: str) -> Any:
    score = moved.c[name]
    return _grouped(
        select(score.label("score"), func.count().label("records"))
        .where(moved.c.state == SCORED, score.is_not(None))
        .group_by(score)
    )


def _movers(moved: CTE, of_records: str) -> Select[Any]:
    """Those whose movement concerns most ARR; without ARR, those that move most."""
    distance = func.abs(func.coalesce(moved.c.score, 0) - func.coalesce(moved.c.before_score, 0))
    weighed = distance * func.coalesce(moved.c.arr, 0)
    greatest = (
        select(moved, weighed.label("weighed"), distance.label("distance"))
        .where(
            moved.c.state == SCORED,
            or_(
                moved.c.score.is_distinct_from(moved.c.before_score),
                moved.c.label.is_distinct_from(moved.c.before_label),
            ),
        )
        .order_by(weighed.desc(), distance.desc(), moved.c.record_id)
        .limit(MOVERS)
        .subquery("greatest")
    )
    record = table(
        of_records, column("workspace_id", Uuid()), column("id", Uuid()), column("name", Text())
    )
    return (
        select(
            greatest.c.record_id.label("id"),
            record.c.name,
            greatest.c.arr,
            greatest.c.currency,
            greatest.c.definition_key,
            greatest.c.before_score,
            greatest.c.score.label("after_score"),
            greatest.c.before_label,
            greatest.c.label.label("after_label"),
        )
        .select_from(greatest)
        .join(record, and_(record.c.workspace_id == WORKSPACE, record.c.id == greatest.c.record_id))
        .order_by(greatest.c.weighed.desc(), greatest.c.distance.desc(), greatest.c.record_id)
    )


def _grouped(statement: Select[Any]) -> Any:
    """Its rows as a JSON list."""
    rows = statement.subquery("listed")
    listed = func.coalesce(func.json_agg(func.row_to_json(text("listed"))), text("'[]'"))
    return select(cast(listed, Text)).select_from(rows).scalar_subquery()
