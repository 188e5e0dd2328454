"""What was decided about a record, and what it was decided from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, Select, Text, cast, select, text

from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.signals.health_values.statement import List, over_results
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class DecidedScore:
    """The score of a record at an instant. `inputs` is JSON, by the keys of measures."""

    change_id: UUID | None
    score: int | None
    label: str | None
    computed_score: int | None
    computed_label: str | None
    definition_key: str | None
    definitions_version: int | None
    points: list[int | None] | None
    inputs: str | None
    null_reason: str | None
    capped_by: str | None
    override_id: UUID | None
    valid_from: datetime | None


_VERDICT: Final = """
    score, label, computed_score, computed_label, definition_key, definitions_version, points,
    null_reason, capped_by, override_id
"""
_THEN = text(
    f"""
    select id as change_id, {_VERDICT}, inputs::text as inputs, valid_from
    from health_changes
    where workspace_id = :workspace_id and score_id = :score_id and record_id = :record_id
      and valid_from <= :at
    order by valid_from desc, id desc limit 1
    """
)
_NOW = text(
    f"""
    select c.change_id, {_VERDICT}, c.inputs, c.valid_from
    from health_scores
    left join lateral (
        select h.id as change_id, h.inputs::text as inputs, h.valid_from from health_changes h
        where h.workspace_id = :workspace_id and h.score_id = :score_id
          and h.record_id = :record_id
        order by h.valid_from desc, h.id desc limit 1
    ) c on true
    where workspace_id = :workspace_id and score_id = :score_id and record_id = :record_id
    """
)


async def decided_score(
    uow: UnitOfWork, score_id: UUID, record_id: UUID, at: datetime | None
) -> DecidedScore | None:
    """Now, or at an instant. Points of now may be newer than the inputs beside them: a change is
    kept only when score, label, cap or definition moved.
    """
    given: dict[str, object] = {"score_id": score_id, "record_id": record_id}
    if at is None:
        return await uow.row(DecidedScore, _NOW, **given)
    return await uow.row(DecidedScore, _THEN, at=at, **given)


@dataclass(frozen=True, slots=True)
class ValuesNow:
    """What the measures of a record read now. `inputs` is JSON, by their keys."""

    definition_key: str | None
    points: list[int | None] | None
    inputs: str | None


async def values_now(
    uow: UnitOfWork, definitions: List, record_id: UUID, context: EvaluationContext
) -> ValuesNow:
    statement = over_results(definitions, context, _values)
    return await uow.one(ValuesNow, statement, ids=[record_id])


def _values(result: CTE) -> Select[Any]:
    inputs = cast(result.c.inputs, Text).label("inputs")
    return select(result.c.definition_key, result.c.points, inputs)


async def record_exists(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, *, deleted: bool
) -> bool:
    """A live one; or one that was deleted, too."""
    alive = "" if deleted else "and deleted_at is null"
    statement = text(
        f"select 1 from {schema.table}"
        f" where workspace_id = :workspace_id and id = :record_id {alive}"
    )
    return await uow.value(int, statement, record_id=record_id) is not None


@dataclass(frozen=True, slots=True)
class FieldSince:
    """Since when a field has its value, and the change that says so."""

    field: str
    change_id: UUID
    valid_from: datetime


_SINCE = text(
    """
    select distinct on (field) field, id as change_id, valid_from
    from field_changes
    where workspace_id = :workspace_id and record_id = :record_id and field = any(:fields)
      and valid_from <= :at
    order by field, valid_from desc, id desc
    """
)


async def fields_since(
    uow: UnitOfWork, record_id: UUID, fields: Sequence[str], at: datetime
) -> dict[str, FieldSince]:
    """Of those that changed at all."""
    rows = await uow.rows(FieldSince, _SINCE, record_id=record_id, fields=list(fields), at=at)
    return {row.field: row for row in rows}


@dataclass(frozen=True, slots=True)
class Override:
    id: UUID
    label: str | None
    score: int | None
    reason: str
    valid_from: datetime
    expires_at: datetime


_OVERRIDE = text(
    """
    select id, label, score, reason, valid_from, expires_at from health_overrides
    where workspace_id = :workspace_id and id = :override_id
    """
)


async def override_by_id(uow: UnitOfWork, override_id: UUID) -> Override | None:
    return await uow.row(Override, _OVERRIDE, override_id=override_id)


_NEXT_CHECK = text(
    """
    select next_change_at from rule_next_changes
    where workspace_id = :workspace_id and rule_id = :score_id and record_id = :record_id
    """
)


async def next_check(uow: UnitOfWork, score_id: UUID, record_id: UUID) -> datetime | None:
    """The instant at which time alone may change the score; None when it cannot."""
    return await uow.value(datetime, _NEXT_CHECK, score_id=score_id, record_id=record_id)


_DEFINITIONS = text(
    """
    select document::text from health_definitions
    where workspace_id = :workspace_id and score_id = :score_id and version = :version
    """
)


async def definitions(uow: UnitOfWork, score_id: UUID, version: int) -> str | None:
    """A version of the list of a score's definitions, as JSON."""
    return await uow.value(str, _DEFINITIONS, score_id=score_id, version=version)
