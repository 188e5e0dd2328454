from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from shared.usages import MOST_USAGES

_WITH_VALUE = "\n      or ".join(
    f"""record_type = '{schema.record_type}' and exists (
        select from {schema.table} r where r.workspace_id = :workspace_id and r.deleted_at is null
          and r.traits @> jsonb_build_object(t.key, cast(:id as text)))"""
    for schema in RECORD_SCHEMAS.values()
)
# Whom a rule names is an id in its text: in `role csm held by`, or beside a trait of type member.
_NAMING = text(
    f"""
    select 'segment' as type, id, title from segments
    where workspace_id = :workspace_id and archived_at is null
      and position(:id in rule::text) > 0
    union all
    select 'lifecycle_rule', id, title from lifecycle_rules
    where workspace_id = :workspace_id and position(:id in rule::text) > 0
    union all
    select 'assignment_rule', id, title from assignment_rules
    where workspace_id = :workspace_id and (position(:id in rule::text) > 0
      or member_id = cast(:id as uuid) or cast(:id as uuid) = any(pool))
    union all
    select 'contact_deactivation_rule', id, title from contact_deactivation_rules
    where workspace_id = :workspace_id and position(:id in rule::text) > 0
    union all
    select 'formula', id, title from trait_definitions
    where workspace_id = :workspace_id and deleted_at is null and position(:id in formula) > 0
    union all
    select 'trait', t.id, t.title from trait_definitions t
    where t.workspace_id = :workspace_id and t.deleted_at is null and t.type = 'member'
      and ({_WITH_VALUE}
      or exists (
        select from objects r join object_types o
          on o.workspace_id = :workspace_id and o.id = r.object_type_id and o.key = t.record_type
        where r.workspace_id = :workspace_id and r.deleted_at is null
          and r.traits @> jsonb_build_object(t.key, cast(:id as text))))
    union all
    select 'planned_holding', p.id, a.name from planned_holdings p
    join accounts a on a.workspace_id = :workspace_id and a.id = p.account_id
    where p.workspace_id = :workspace_id and p.state = 'planned'
      and cast(:id as uuid) = any(p.member_ids)
    union all
    select 'api_key', id, name from api_keys
    where workspace_id = :workspace_id and member_id = cast(:id as uuid) and revoked_at is null
      and (expires_at is null or expires_at > clock_timestamp())
    union all
    select 'handover', h.id, m.full_name from handovers h
    join members m on m.workspace_id = :workspace_id and m.id = h.member_id
    where h.workspace_id = :workspace_id and h.state = 'running'
      and (h.tasks_to = cast(:id as uuid) or position(:id in h.successors::text) > 0)
    order by type, title, id
    """
)
_MAPPED = text(
    """
    select 'import' as type, id, file_name as title from imports
    where workspace_id = :workspace_id and record_type = :record_type
      and status in ('ready', 'running')
      and :target in (select value from jsonb_each_text(mapping))
    order by title, id limit :most
    """
)
_PLANNED = text(
    """
    select 'planned_holding' as type, p.id, a.name as title from planned_holdings p
    join accounts a on a.workspace_id = :workspace_id and a.id = p.account_id
    where p.workspace_id = :workspace_id and p.state = 'planned' and p.key_role_key = :key
    order by title, id limit :most
    """
)
_HELD = text(
    """
    with held as materialized (
        select distinct h.account_id from key_role_assignments h
        where h.workspace_id = :workspace_id and h.member_id = :member_id and h.valid_to is null
    )
    select count(*) from (
        select 1 from held cross join lateral (
            select a.id from accounts a where a.workspace_id = :workspace_id
              and a.id = held.account_id and a.deleted_at is null limit 1) living
        limit :limit) counted
    """
)


async def rules_naming(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Sequence[Any]:
    """(type, id, title) of what names a member."""
    given = {"workspace_id": workspace_id, "id": str(member_id)}
    return (await session.execute(_NAMING, given)).all()


async def imports_mapping(
    session: AsyncSession, workspace_id: UUID, record_type: str, target: str
) -> Sequence[Any]:
    """(type, id, title) of the imports that have not ended and write a trait or a key role."""
    given = {"workspace_id": workspace_id, "record_type": record_type, "target": target}
    return (await session.execute(_MAPPED, {**given, "most": MOST_USAGES})).all()


async def plans_of_role(session: AsyncSession, workspace_id: UUID, key: str) -> Sequence[Any]:
    """(type, id, title) of the holdings of a key role that are to begin."""
    given = {"workspace_id": workspace_id, "key": key, "most": MOST_USAGES}
    return (await session.execute(_PLANNED, given)).all()


async def accounts_held(
    session: AsyncSession, workspace_id: UUID, member_id: UUID, limit: int
) -> int:
    """Living accounts on which a member holds a key role."""
    given = {"workspace_id": workspace_id, "member_id": member_id, "limit": limit}
    return int(await session.scalar(_HELD, given) or 0)
