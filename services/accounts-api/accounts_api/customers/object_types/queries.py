from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import bindparam, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.records.schema.models import object_type_links as links
from accounts_api.records.schema.models import object_types as types
from accounts_api.records.schema.models import objects, trait_definitions
from accounts_api.records.schema.record_schemas import ObjectLink, RecordSchema
from shared.data import WORKSPACE, Transaction
from shared.held_work import not_held
from shared.keys import Keys
from shared.uow import UnitOfWork

KEYS: Final = Keys("object_type", "object_types", "deleted_at is null")


@dataclass(frozen=True, slots=True)
class StoredType:
    id: UUID
    key: str
    plural_key: str
    title: str
    plural_title: str
    description: str | None
    archived: bool
    version: int
    created_at: datetime
    updated_at: datetime
    links: list[dict[str, str]]


_LINKS = (
    select(
        func.coalesce(
            func.jsonb_agg(
                func.jsonb_build_object("to", links.c.record_type, "reverse", links.c.reverse)
            ),
            text("'[]'::jsonb"),
            type_=JSONB(),
        )
    )
    .where(links.c.workspace_id == WORKSPACE, links.c.object_type_id == types.c.id)
    .scalar_subquery()
    .label("links")
)
_TYPES = select(
    *(types.c[field.name] for field in fields(StoredType) if field.name != "links"), _LINKS
).where(types.c.workspace_id == WORKSPACE, types.c.deleted_at.is_(None))
_BY_ID = _TYPES.where(types.c.id == bindparam("type_id"))


async def types_page(
    uow: UnitOfWork, *, archived: bool, after: str | None, limit: int
) -> list[StoredType]:
    page = _TYPES.where(types.c.archived.is_(archived))
    if after is not None:
        page = page.where(types.c.key > after)
    return await uow.rows(StoredType, page.order_by(types.c.key).limit(limit))


async def type_by_id(uow: UnitOfWork, type_id: UUID, *, lock: bool = False) -> StoredType | None:
    statement = _BY_ID.with_for_update(of=types) if lock else _BY_ID
    return await uow.row(StoredType, statement, type_id=type_id)


async def add_type(uow: UnitOfWork, values: Mapping[str, object]) -> None:
    await uow.run(insert(types).values(**values))


async def change_type(uow: UnitOfWork, type_id: UUID, values: Mapping[str, object]) -> None:
    await uow.run(
        update(types)
        .where(types.c.workspace_id == uow.workspace_id, types.c.id == type_id)
        .values(**values, version=types.c.version + 1, updated_at=func.clock_timestamp())
    )


_CUT_LINKS = delete(links).where(
    links.c.workspace_id == WORKSPACE, links.c.object_type_id == bindparam("type_id")
)
_ADD_LINKS = text(
    """
    insert into object_type_links (workspace_id, object_type_id, record_type, reverse)
    select :workspace_id, :type_id, l.record_type, l.reverse
    from jsonb_to_recordset(cast(:links as jsonb)) as l(record_type text, reverse text)
    """
)


async def set_links(uow: UnitOfWork, type_id: UUID, wanted: Sequence[ObjectLink]) -> None:
    await uow.run(_CUT_LINKS, type_id=type_id)
    rows = [{"record_type": link.to, "reverse": link.reverse} for link in wanted]
    if rows:
        await uow.run(_ADD_LINKS, type_id=type_id, links=to_json(rows).decode())


async def count_instances(
    uow: UnitOfWork, type_id: UUID, *, at_most: int, column: str | None = None
) -> int:
    """Living ones; only those with something in `column`."""
    some = select(literal(1)).where(
        objects.c.workspace_id == WORKSPACE,
        objects.c.object_type_id == type_id,
        objects.c.deleted_at.is_(None),
    )
    if column is not None:
        some = some.where(objects.c[column].is_not(None))
    return await uow.one_value(
        int, select(func.count()).select_from(some.limit(at_most).subquery())
    )


@dataclass(frozen=True, slots=True)
class OwnTrait:
    id: UUID
    title: str


_TRAITS_OF = (
    select(trait_definitions.c.id, trait_definitions.c.title)
    .where(
        trait_definitions.c.workspace_id == WORKSPACE,
        trait_definitions.c.record_type == bindparam("record_type"),
        trait_definitions.c.deleted_at.is_(None),
    )
    .order_by(trait_definitions.c.key)
)


async def traits_of(uow: UnitOfWork, key: str) -> list[OwnTrait]:
    return await uow.rows(OwnTrait, _TRAITS_OF, record_type=key)


async def bury_type(uow: UnitOfWork, type_id: UUID) -> None:
    """Gone for everyone but the job that deletes its instances."""
    await uow.run(
        update(types)
        .where(types.c.workspace_id == uow.workspace_id, types.c.id == type_id)
        .values(deleted_at=func.clock_timestamp())
    )


@dataclass(frozen=True, slots=True)
class BuriedType:
    workspace_id: UUID
    key: str
    title: str


CLEARING: Final = "deleted_object_types"
_BURIED = text(
    "select workspace_id, key, title from object_types t"
    f" where deleted_at is not null and {not_held(CLEARING, 't.workspace_id', 't.key')}"
    " order by deleted_at limit 1"
)


async def buried_type(scope: Transaction) -> BuriedType | None:
    """Of any workspace: one whose instances are still to be deleted."""
    return await scope.row(BuriedType, _BURIED)


_COUNT_LEFT = text(
    """
    select count(*) from object_types t
    join objects o on o.workspace_id = :workspace_id and o.object_type_id = t.id
    where t.workspace_id = :workspace_id and t.deleted_at is not null
    """
)


async def count_left(uow: UnitOfWork) -> int:
    """Instances and tombstones of deleted types."""
    return await uow.one_value(int, _COUNT_LEFT)


async def living(uow: UnitOfWork, schema: RecordSchema, limit: int) -> list[UUID]:
    some = select(objects.c.id).where(
        objects.c.workspace_id == WORKSPACE,
        objects.c.object_type_id == schema.type_id,
        objects.c.deleted_at.is_(None),
    )
    return await uow.values(UUID, some.order_by(objects.c.id).limit(limit))


_REMOVE_TOMBSTONES = text(
    """
    delete from objects where workspace_id = :workspace_id and id in (
        select id from objects
        where workspace_id = :workspace_id and object_type_id = :object_type_id limit :limit)
    """
)


async def remove_tombstones(uow: UnitOfWork, schema: RecordSchema, limit: int) -> int:
    return await uow.run(_REMOVE_TOMBSTONES, limit=limit, **schema.parameters)


async def remove_type(uow: UnitOfWork, schema: RecordSchema) -> None:
    """With the definitions of its traits."""
    await uow.run(
        delete(trait_definitions).where(
            trait_definitions.c.workspace_id == uow.workspace_id,
            trait_definitions.c.record_type == schema.record_type,
        )
    )
    await uow.run(
        delete(types).where(types.c.workspace_id == uow.workspace_id, types.c.id == schema.type_id)
    )
