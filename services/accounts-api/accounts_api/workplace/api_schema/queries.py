from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Text, bindparam, cast, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array

from accounts_api.records.schema.models import object_type_links, object_types, trait_definitions
from accounts_api.workplace.api_schema.models import api_schema_versions as versions
from accounts_api.workplace.api_schema.rows import ObjectTypeShape, SchemaVersion, TraitShape
from shared.data import WORKSPACE
from shared.uow import UnitOfWork

_WAIT = text(
    "select pg_advisory_xact_lock("
    "hashtextextended('api-schema:' || cast(cast(:workspace_id as uuid) as text), 0))"
)
_TRAITS = select(*(trait_definitions.c[field.name] for field in fields(TraitShape))).where(
    trait_definitions.c.workspace_id == WORKSPACE, trait_definitions.c.deleted_at.is_(None)
)
_LINKS = (
    select(
        func.coalesce(func.array_agg(object_type_links.c.record_type), cast(array([]), ARRAY(Text)))
    )
    .where(
        object_type_links.c.workspace_id == WORKSPACE,
        object_type_links.c.object_type_id == object_types.c.id,
    )
    .scalar_subquery()
    .label("links")
)
_TYPES = select(
    *(object_types.c[field.name] for field in fields(ObjectTypeShape) if field.name != "links"),
    _LINKS,
).where(object_types.c.workspace_id == WORKSPACE, object_types.c.deleted_at.is_(None))
_VERSIONS = select(*(versions.c[field.name] for field in fields(SchemaVersion))).where(
    versions.c.workspace_id == WORKSPACE
)
_LAST = _VERSIONS.order_by(versions.c.version.desc()).limit(1)
_PAGE = (
    _VERSIONS.where(versions.c.version > bindparam("after"))
    .order_by(versions.c.version)
    .limit(bindparam("limit"))
)


async def wait_for_turn(uow: UnitOfWork) -> None:
    """One transaction of a workspace at a time counts the next version."""
    await uow.run(_WAIT)


async def trait_shapes(uow: UnitOfWork) -> list[TraitShape]:
    return await uow.rows(TraitShape, _TRAITS)


async def object_type_shapes(uow: UnitOfWork) -> list[ObjectTypeShape]:
    return await uow.rows(ObjectTypeShape, _TYPES)


async def last_version(uow: UnitOfWork) -> SchemaVersion | None:
    return await uow.row(SchemaVersion, _LAST)


async def add_version(uow: UnitOfWork, values: Mapping[str, object]) -> None:
    await uow.run(insert(versions).values(**values))


async def versions_page(
    uow: UnitOfWork, since: datetime | None, after: int, limit: int
) -> list[SchemaVersion]:
    page = _PAGE if since is None else _PAGE.where(versions.c.at >= since)
    return await uow.rows(SchemaVersion, page, after=after, limit=limit)
