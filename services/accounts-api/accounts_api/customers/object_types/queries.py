from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.records.schema.models import object_type_links as links
from accounts_api.records.schema.models import object_types as types
from accounts_api.records.schema.models import objects, trait_definitions
from accounts_api.records.schema.record_schemas import ObjectLink, RecordSchema
from shared.held_work import not_held


def _types(workspace_id: UUID) -> Select[Any]:
    """With their links; without those that are being deleted."""
    one = func.jsonb_build_object("to", links.c.record_type, "reverse", links.c.reverse)
    listed = (
        select(func.coalesce(func.jsonb_agg(one), text("'[]'::jsonb"), type_=JSONB()))
        .where(links.c.workspace_id == workspace_id, links.c.object_type_id == types.c.id)
        .scalar_subquery()
    )
    return select(types, listed.label("links")).where(
        types.c.workspace_id == workspace_id, types.c.deleted_at.is_(None)
    )


async def types_page(
    session: AsyncSession, workspace_id: UUID, *, archived: bool, after: str | None, limit: int
) -> Sequence[Any]:
    page = _types(workspace_id).where(types.c.archived.is_(archived))
    if after is not None:
        page = page.where(types.c.key > after)
    rows: Sequence[Any] = (await session.execute(page.order_by(types.c.key).limit(limit))).all()
    return rows


async def type_by_id(
    session: AsyncSession, workspace_id: UUID, type_id: UUID, *, lock: bool = False
) -> Any:
    found = _types(workspace_id).where(types.c.id == type_id)
    if lock:
        found = found.with_for_update(of=types)
    return (await session.execute(found)).one_or_none()


async def add_type(session: AsyncSession, workspace_id: UUID, fields: Mapping[str, Any]) -> None:
    await session.execute(insert(types).values(workspace_id=workspace_id, **fields))


async def change_type(
    session: AsyncSession, workspace_id: UUID, type_id: UUID, fields: Mapping[str, Any]
) -> None:
    await session.execute(
        update(types)
        .where(types.c.workspace_id == workspace_id, types.c.id == type_id)
        .values(**fields, version=types.c.version + 1, updated_at=func.clock_timestamp())
    )


async def set_links(
    session: AsyncSession, workspace_id: UUID, type_id: UUID, wanted: Sequence[ObjectLink]
) -> None:
    await session.execute(
        delete(links).where(links.c.workspace_id == workspace_id, links.c.object_type_id == type_id)
    )
    rows = [
        {
            "workspace_id": workspace_id,
            "object_type_id": type_id,
            "record_type": link.to,
            "reverse": link.reverse,
        }
        for link in wanted
    ]
    if rows:
        await session.execute(insert(links), rows)


async def count_instances(
    session: AsyncSession,
    workspace_id: UUID,
    type_id: UUID,
    *,
    at_most: int,
    column: str | None = None,
) -> int:
    """Living ones; only those with something in `column`."""
    some = select(literal(1)).where(
        objects.c.workspace_id == workspace_id,
        objects.c.object_type_id == type_id,
        objects.c.deleted_at.is_(None),
    )
    if column is not None:
        some = some.where(objects.c[column].is_not(None))
    counted = select(func.count()).select_from(some.limit(at_most).subquery())
    return int(await session.scalar(counted) or 0)


async def traits_of(session: AsyncSession, workspace_id: UUID, key: str) -> Sequence[Any]:
    """Id and title of the traits of a record type."""
    found = select(trait_definitions.c.id, trait_definitions.c.title).where(
        trait_definitions.c.workspace_id == workspace_id,
        trait_definitions.c.record_type == key,
        trait_definitions.c.deleted_at.is_(None),
    )
    return (await session.execute(found.order_by(trait_definitions.c.key))).all()


async def bury_type(session: AsyncSession, workspace_id: UUID, type_id: UUID) -> None:
    """Gone for everyone but the job that deletes its instances."""
    await session.execute(
        update(types)
        .where(types.c.workspace_id == workspace_id, types.c.id == type_id)
        .values(deleted_at=func.clock_timestamp())
    )


CLEARING: Final = "deleted_object_types"
_BURIED = text(
    "select workspace_id, key, title from object_types t"
    f" where deleted_at is not null and {not_held(CLEARING, 't.workspace_id', 't.key')}"
    " order by deleted_at limit 1"
)


async def buried_type(session: AsyncSession) -> Any:
    """Of any workspace: one whose instances are still to be deleted."""
    return (await session.execute(_BURIED)).one_or_none()


_COUNT_LEFT = text(
    """
    select count(*) from object_types t
    join objects o on o.workspace_id = :workspace_id and o.object_type_id = t.id
    where t.workspace_id = :workspace_id and t.deleted_at is not null
    """
)


async def count_left(session: AsyncSession, workspace_id: UUID) -> int:
    """Instances and tombstones of deleted types."""
    return int(await session.scalar(_COUNT_LEFT, {"workspace_id": workspace_id}) or 0)


async def living(
    session: AsyncSession, workspace_id: UUID, schema: RecordSchema, limit: int
) -> Sequence[UUID]:
    some = select(objects.c.id).where(
        objects.c.workspace_id == workspace_id,
        objects.c.object_type_id == schema.type_id,
        objects.c.deleted_at.is_(None),
    )
    return (await session.scalars(some.order_by(objects.c.id).limit(limit))).all()


_REMOVE_TOMBSTONES = text(
    """
    delete from objects where workspace_id = :workspace_id and id in (
        select id from objects
        where workspace_id = :workspace_id and object_type_id = :object_type_id limit :limit)
    returning id
    """
)


async def remove_tombstones(
    session: AsyncSession, workspace_id: UUID, schema: RecordSchema, limit: int
) -> int:
    given = {"workspace_id": workspace_id, "limit": limit, **schema.parameters}
    return len((await session.execute(_REMOVE_TOMBSTONES, given)).all())


async def remove_type(session: AsyncSession, workspace_id: UUID, schema: RecordSchema) -> None:
    """With the definitions of its traits."""
    await session.execute(
        delete(trait_definitions).where(
            trait_definitions.c.workspace_id == workspace_id,
            trait_definitions.c.record_type == schema.record_type,
        )
    )
    await session.execute(
        delete(types).where(types.c.workspace_id == workspace_id, types.c.id == schema.type_id)
    )
