from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.customers.key_roles.models import planned_holdings as plans
from accounts_api.records.holdings.models import key_role_assignments as holdings
from accounts_api.records.holdings.models import key_role_definitions as roles


async def key_roles_page(
    session: AsyncSession, workspace_id: UUID, after: str | None, limit: int
) -> Sequence[Any]:
    page = select(roles).where(roles.c.workspace_id == workspace_id, roles.c.deleted_at.is_(None))
    if after is not None:
        page = page.where(roles.c.key > after)
    return (await session.execute(page.order_by(roles.c.key).limit(limit))).all()


async def key_role_by_id(
    session: AsyncSession, workspace_id: UUID, role_id: UUID, *, lock: bool = False
) -> Any:
    found = select(roles).where(
        roles.c.workspace_id == workspace_id, roles.c.id == role_id, roles.c.deleted_at.is_(None)
    )
    return (await session.execute(found.with_for_update() if lock else found)).one_or_none()


async def add_key_role(
    session: AsyncSession, workspace_id: UUID, fields: Mapping[str, Any]
) -> Any | None:
    """None when the key is taken. A deleted role comes back, as its history names it."""
    made = insert(roles).values(workspace_id=workspace_id, **fields)
    revived = {"title": fields["title"], "multi": fields["multi"], "deleted_at": None}
    statement = made.on_conflict_do_update(
        index_elements=[roles.c.workspace_id, roles.c.key],
        set_={**revived, "version": roles.c.version + 1, "updated_at": func.clock_timestamp()},
        where=roles.c.deleted_at.is_not(None),
    ).returning(roles)
    return (await session.execute(statement)).one_or_none()


async def change_key_role(
    session: AsyncSession, workspace_id: UUID, role_id: UUID, fields: Mapping[str, Any]
) -> Any:
    changed = (
        update(roles)
        .where(roles.c.workspace_id == workspace_id, roles.c.id == role_id)
        .values(**fields, version=roles.c.version + 1, updated_at=func.clock_timestamp())
        .returning(roles)
    )
    return (await session.execute(changed)).one()


_SHARED = text(
    "select count(*) from (select account_id from key_role_assignments"
    " where workspace_id = :workspace_id and key_role_key = :key and valid_to is null"
    " group by account_id having count(*) > 1) shared"
)


async def accounts_with_several(session: AsyncSession, workspace_id: UUID, key: str) -> int:
    return int(await session.scalar(_SHARED, {"workspace_id": workspace_id, "key": key}) or 0)


async def set_single(session: AsyncSession, workspace_id: UUID, key: str, *, single: bool) -> None:
    await session.execute(
        update(holdings)
        .where(
            holdings.c.workspace_id == workspace_id,
            holdings.c.key_role_key == key,
            holdings.c.valid_to.is_(None),
        )
        .values(single=single)
    )


async def accounts_holding(
    session: AsyncSession, workspace_id: UUID, key: str, limit: int
) -> list[UUID]:
    """Living accounts where the role is held now."""
    found = await session.scalars(
        text(
            "select distinct h.account_id from key_role_assignments h"
            " join accounts a on a.workspace_id = :workspace_id and a.id = h.account_id"
            " and a.deleted_at is null"
            " where h.workspace_id = :workspace_id and h.key_role_key = :key"
            " and h.valid_to is null limit :limit"
        ),
        {"workspace_id": workspace_id, "key": key, "limit": limit},
    )
    return list(found)


async def holdings_of(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> Sequence[Any]:
    found = (
        select(
            holdings.c.id,
            holdings.c.key_role_key.label("key_role"),
            holdings.c.member_id,
            holdings.c.valid_from,
            holdings.c.valid_to,
        )
        .where(holdings.c.workspace_id == workspace_id, holdings.c.account_id == account_id)
        .order_by(holdings.c.valid_from.desc(), holdings.c.id.desc())
        .limit(1000)
    )
    return (await session.execute(found)).all()


async def active_members(
    session: AsyncSession, workspace_id: UUID, ids: Sequence[UUID]
) -> frozenset[UUID]:
    found = await session.scalars(
        text(
            "select id from members where workspace_id = :workspace_id and active"
            " and id = any(cast(:ids as uuid[]))"
        ),
        {"workspace_id": workspace_id, "ids": list(ids)},
    )
    return frozenset(found)


async def last_change(
    session: AsyncSession, workspace_id: UUID, account_id: UUID, key: str
) -> datetime | None:
    """When the holders of a role on an account last changed."""
    found = select(func.max(func.greatest(holdings.c.valid_from, holdings.c.valid_to))).where(
        holdings.c.workspace_id == workspace_id,
        holdings.c.account_id == account_id,
        holdings.c.key_role_key == key,
    )
    last: datetime | None = await session.scalar(found)
    return last


async def add_plan(session: AsyncSession, workspace_id: UUID, fields: Mapping[str, Any]) -> None:
    made = insert(plans).values(workspace_id=workspace_id, **fields)
    await session.execute(
        made.on_conflict_do_update(
            index_elements=[
                plans.c.workspace_id,
                plans.c.account_id,
                plans.c.key_role_key,
                plans.c.valid_from,
            ],
            index_where=text("state = 'planned'"),
            set_={name: made.excluded[name] for name in ("member_ids", "cause")},
        )
    )


async def plans_of(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> Sequence[Any]:
    """What is to begin, and what could not; soonest first."""
    found = (
        select(
            plans.c.id,
            plans.c.key_role_key.label("key_role"),
            plans.c.member_ids,
            plans.c.valid_from,
            plans.c.state,
            plans.c.refusal,
        )
        .where(
            plans.c.workspace_id == workspace_id,
            plans.c.account_id == account_id,
            plans.c.state.in_(["planned", "refused"]),
        )
        .order_by(plans.c.valid_from, plans.c.id)
        .limit(1000)
    )
    return (await session.execute(found)).all()


async def cancel_plan(
    session: AsyncSession, workspace_id: UUID, account_id: UUID, plan_id: UUID
) -> bool:
    cancelled = (
        update(plans)
        .where(
            plans.c.workspace_id == workspace_id,
            plans.c.account_id == account_id,
            plans.c.id == plan_id,
            plans.c.state.in_(["planned", "refused"]),
        )
        .values(state="cancelled")
        .returning(plans.c.id)
    )
    return (await session.execute(cancelled)).one_or_none() is not None


async def end_plan(
    session: AsyncSession, workspace_id: UUID, plan_id: UUID, refusal: str | None
) -> None:
    await session.execute(
        update(plans)
        .where(plans.c.workspace_id == workspace_id, plans.c.id == plan_id)
        .values(state="begun" if refusal is None else "refused", refusal=refusal)
    )


async def drop_plans(session: AsyncSession, workspace_id: UUID, key: str) -> None:
    await session.execute(
        update(plans)
        .where(
            plans.c.workspace_id == workspace_id,
            plans.c.key_role_key == key,
            plans.c.state == "planned",
        )
        .values(state="cancelled")
    )


async def count_due_plans(session: AsyncSession, workspace_id: UUID, now: datetime) -> int:
    found = select(func.count()).where(
        plans.c.workspace_id == workspace_id,
        plans.c.state == "planned",
        plans.c.valid_from <= now,
    )
    return int(await session.scalar(found) or 0)


_PLANS_DUE = text(
    """
    with places as materialized (
        select workspace_id, coalesce(frozen_at, clock_timestamp()) as now from workspaces)
    select w.workspace_id from places w
    cross join lateral (
        select p.valid_from from planned_holdings p
        where p.workspace_id = w.workspace_id and p.state = 'planned' and p.valid_from <= w.now
        order by p.valid_from limit 1
    ) due
    """
)


async def workspaces_with_due_plans(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(_PLANS_DUE)).all()


async def claim_due_plans(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> Sequence[Any]:
    """Soonest first, locked; what another worker has is left to it."""
    found = (
        select(
            plans.c.id,
            plans.c.account_id,
            plans.c.key_role_key.label("key"),
            plans.c.member_ids,
            plans.c.valid_from,
            plans.c.cause,
        )
        .where(
            plans.c.workspace_id == workspace_id,
            plans.c.state == "planned",
            plans.c.valid_from <= now,
        )
        .order_by(plans.c.valid_from, plans.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(found)).all()
