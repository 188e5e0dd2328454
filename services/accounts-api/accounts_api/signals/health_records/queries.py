from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text

from shared.columns import AT
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordHealth:
    """A record's score of one type, and the word over it, if one holds."""

    score_id: UUID
    key: str
    title: str
    score: int | None
    label: str | None
    label_since: datetime | None
    computed_score: int | None
    computed_label: str | None
    definition_key: str | None
    definitions_version: int | None
    null_reason: str | None
    capped_by: str | None
    override: dict[str, Any] | None
    next_check_at: datetime | None


_OVERRIDE: Final = """
    select jsonb_build_object('id', o.id, 'label', o.label, 'score', o.score, 'reason', o.reason,
        'valid_from', o.valid_from, 'expires_at', o.expires_at)
    from health_overrides o where o.workspace_id = :workspace_id and o.id = s.override_id
"""
_VERDICT: Final = (
    "s.score, s.label, s.computed_score, s.computed_label, s.definition_key,"
    " s.definitions_version, s.null_reason, s.capped_by"
)
_NOW = text(
    f"""
    select t.id as score_id, t.key, t.title, {_VERDICT}, s.label_since,
           ({_OVERRIDE}) as override,
           (select n.next_change_at from rule_next_changes n
            where n.workspace_id = :workspace_id and n.rule_id = t.id
              and n.record_id = :record_id) as next_check_at
    from health_score_types t
    join health_scores s on s.workspace_id = t.workspace_id and s.score_id = t.id
     and s.record_id = :record_id
    where t.workspace_id = :workspace_id and t.archived_at is null and t.record_type = :record_type
    order by t.title, t.id
    """
)
# The label began with the first row of the last stretch that has it.
_THEN = text(
    f"""
    with past as (
        select * from health_changes
        where workspace_id = :workspace_id and record_id = :record_id
          and score_id in (select id from health_score_types
                           where workspace_id = :workspace_id and record_type = :record_type)
          and valid_from <= :as_of
    )
    select t.id as score_id, t.key, t.title, {_VERDICT},
           (select min(b.valid_from) from past b
            where b.score_id = s.score_id and b.label is not distinct from s.label
              and not exists (
                select 1 from past o where o.score_id = s.score_id
                  and o.label is distinct from s.label
                  and (o.valid_from, o.id) > (b.valid_from, b.id))) as label_since,
           ({_OVERRIDE}) as override, cast(null as timestamptz) as next_check_at
    from health_score_types t
    cross join lateral (
        select * from past p where p.score_id = t.id order by p.valid_from desc, p.id desc limit 1
    ) s
    where t.workspace_id = :workspace_id and t.archived_at is null
      and s.null_reason is distinct from 'gone'
    order by t.title, t.id
    """
)


async def health_of(
    uow: UnitOfWork, record_type: str, record_id: UUID, as_of: datetime | None = None
) -> list[RecordHealth]:
    """Its scores by title, now or at an instant."""
    given = {"record_type": record_type, "record_id": record_id}
    if as_of is None:
        return await uow.rows(RecordHealth, _NOW, **given)
    return await uow.rows(RecordHealth, _THEN, as_of=as_of, **given)


@dataclass(frozen=True, slots=True)
class HealthChange:
    """What was said of a record's health from an instant on."""

    id: UUID
    score: int | None
    label: str | None
    computed_score: int | None
    computed_label: str | None
    definition_key: str | None
    definitions_version: int | None
    null_reason: str | None
    capped_by: str | None
    override: dict[str, Any] | None
    points: list[int | None] | None
    measures: list[str] | None
    """Keys, in the order of `points`."""
    inputs: dict[str, Any] | None
    valid_from: datetime
    known_at: datetime
    cause: list[dict[str, Any]]


_HISTORY = text(
    f"""
    select s.id, {_VERDICT}, ({_OVERRIDE}) as override, s.points,
           (select jsonb_path_query_array(d.document,
                '$[*] ? (@.key == $key).groups[*].measures[*].key',
                jsonb_build_object('key', s.definition_key))
            from health_definitions d
            where d.workspace_id = :workspace_id and d.score_id = s.score_id
              and d.version = s.definitions_version) as measures,
           s.inputs, s.valid_from, s.known_at, s.cause
    from health_changes s
    where s.workspace_id = :workspace_id and s.score_id = :score_id and s.record_id = :record_id
      and (cast(:at as timestamptz) is null or (s.valid_from, s.id) < (:at, :id))
    order by s.valid_from desc, s.id desc limit :limit
    """
).bindparams(bindparam("at", type_=AT))


async def history_page(
    uow: UnitOfWork,
    score_id: UUID,
    record_id: UUID,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[HealthChange]:
    """Newest first."""
    at, id_ = after or (None, UUID(int=0))
    given = {"score_id": score_id, "record_id": record_id, "at": at, "id": id_, "limit": limit}
    return await uow.rows(HealthChange, _HISTORY, **given)


_HOLDS = text(
    """
    select exists (
        select 1 from key_role_assignments k
        where k.workspace_id = :workspace_id and k.account_id = :account_id
          and k.member_id = :member_id and k.valid_to is null)
    """
)


async def holds_key_role(uow: UnitOfWork, account_id: UUID, member_id: UUID) -> bool:
    return await uow.one_value(bool, _HOLDS, account_id=account_id, member_id=member_id)
