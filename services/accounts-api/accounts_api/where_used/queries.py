from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Whom a rule names is an id in its text: in `role csm held by`, or beside a trait of type member.
_NAMING = text(
    """
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
    order by type, title, id
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
    """(type, id, title) of the rules that name a member."""
    given = {"workspace_id": workspace_id, "id": str(member_id)}
    return (await session.execute(_NAMING, given)).all()


async def accounts_held(
    session: AsyncSession, workspace_id: UUID, member_id: UUID, limit: int
) -> int:
    """Living accounts on which a member holds a key role."""
    given = {"workspace_id": workspace_id, "member_id": member_id, "limit": limit}
    return int(await session.scalar(_HELD, given) or 0)
