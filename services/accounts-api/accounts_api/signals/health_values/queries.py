from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.health_values.difference import statement_of
from accounts_api.signals.health_values.statement import List
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Result:
    """What a list gives a record, beside what is stored and what a person said."""

    record_id: UUID
    state: str
    arr: int | None
    currency: str | None
    computed_score: int | None
    computed_label: str | None
    definition_key: str | None
    points: list[int | None] | None
    inputs: str | None
    """As JSON, which goes on as it came."""
    null_reason: str | None
    capped_by: str | None
    next_at: datetime | None
    stored_score: int | None
    stored_label: str | None
    stored_computed_score: int | None
    stored_computed_label: str | None
    stored_definition_key: str | None
    stored_definitions_version: int | None
    stored_points: list[int | None] | None
    stored_null_reason: str | None
    stored_capped_by: str | None
    stored_override_id: UUID | None
    stored_label_since: datetime | None
    stored_told_score: int | None
    said_id: UUID | None
    said_label: str | None
    said_score: int | None
    said_expires_at: datetime | None
    stored_next_at: datetime | None


async def results(
    uow: UnitOfWork,
    found: List,
    score_id: UUID,
    version: int,
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[Result]:
    """Of those records where something is not as it is stored."""
    statement = statement_of(found, context)
    given = {"score_id": score_id, "version": version, "ids": list(ids)}
    return await uow.rows(Result, statement, **given)


HEALTH_OF: Final = """
    select s.record_id::text as id, json_agg(json_build_object(
        'score_id', s.score_id, 'key', t.key, 'title', t.title, 'score', s.score,
        'label', s.label) order by t.title)::text as related
    from health_scores s join health_score_types t
      on t.workspace_id = s.workspace_id and t.id = s.score_id and t.archived_at is null
    where s.workspace_id = :workspace_id and s.record_id = any(cast(:ids as uuid[]))
    group by s.record_id
"""
"""For each of the records the list of its scores."""
_ROWS = """
    jsonb_to_recordset(cast(:rows as jsonb)) as v(
        record_id uuid, score integer, label text, computed_score integer, computed_label text,
        definition_key text, definitions_version integer, points integer[], null_reason text,
        capped_by text, override_id uuid, label_since timestamptz, told_score integer,
        id uuid, inputs text, at timestamptz, cause jsonb)
"""
_VERDICT = (
    "score, label, computed_score, computed_label, definition_key, definitions_version, points,"
    " null_reason, capped_by, override_id"
)
_OF_ROW = ", ".join(f"v.{name}" for name in _VERDICT.split(", "))
_KEEP = text(
    f"""
    insert into health_scores as s
        (workspace_id, score_id, record_id, {_VERDICT}, label_since, told_score, computed_at)
    select :workspace_id, :score_id, v.record_id, {_OF_ROW}, v.label_since, v.told_score, :now
    from {_ROWS}
    on conflict (workspace_id, score_id, record_id) do update
    set ({_VERDICT}, label_since, told_score, computed_at)
      = ({", ".join(f"excluded.{name}" for name in _VERDICT.split(", "))},
         excluded.label_since, excluded.told_score, excluded.computed_at)
    """
)
_REMOVE = text(
    """
    delete from health_scores s
    using unnest(cast(:ids as uuid[])) as gone (id)
    where s.workspace_id = :workspace_id and s.score_id = :score_id and s.record_id = gone.id
    """
)
# What holds later is written later: of one record the newest row is always the last by its id, too.
_TELL = text(
    f"""
    insert into health_changes
        (workspace_id, score_id, record_id, id, {_VERDICT}, inputs, valid_from, cause)
    select :workspace_id, :score_id, v.record_id, v.id, {_OF_ROW}, cast(v.inputs as jsonb),
           greatest(v.at, (
               select max(c.valid_from) from health_changes c
               where c.workspace_id = :workspace_id and c.score_id = :score_id
                 and c.record_id = v.record_id)),
           v.cause
    from {_ROWS}
    """
)


async def keep(
    uow: UnitOfWork, score_id: UUID, rows: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Rows of what a record has from now on."""
    if rows:
        await uow.run(_KEEP, score_id=score_id, rows=to_json(list(rows)).decode(), now=now)


async def remove(uow: UnitOfWork, score_id: UUID, ids: Sequence[UUID]) -> None:
    if ids:
        await uow.run(_REMOVE, score_id=score_id, ids=list(ids))


async def add_changes(uow: UnitOfWork, score_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of what has changed, each with its id, inputs, instant and cause."""
    if rows:
        await uow.run(_TELL, score_id=score_id, rows=to_json(list(rows)).decode())
