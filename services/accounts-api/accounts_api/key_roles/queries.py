from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.records.models import key_role_assignments as holdings
from accounts_api.records.models import key_role_definitions as roles


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
