"""Instances of the object types that a workspace defines."""

from typing import Any

from accounts_api.customers.objects.schemas import ObjectRow
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import OBJECT, RecordSchema, schema_of
from accounts_api.records.store.edits import Outcome
from accounts_api.records.store.service import Records
from shared.auth import Caller
from shared.errors import Conflict, NotFound
from shared.uow import UnitOfWork, UnitsOfWork

objects = Records(OBJECT)
"""What all types have in common; what one may ask of one of them says `instances_of`."""


class ObjectTypeNotFound(NotFound):
    code = "object_type_not_found"
    title = "There is no such object type"


class ObjectTypeArchived(Conflict):
    code = "object_type_archived"
    title = "This object type was archived"


async def schema_to_read(uow: UnitOfWork, key: str) -> RecordSchema:
    found = await record_catalog.object_type(uow, key)
    if found is None or found.deleted:
        raise ObjectTypeNotFound("No object type has this key.")
    return schema_of(found)


async def schema_to_write(uow: UnitOfWork, key: str) -> RecordSchema:
    """Raises `ObjectTypeArchived` for a type whose instances can only be read."""
    found = await record_catalog.object_type(uow, key)
    if found is None or found.deleted:
        raise ObjectTypeNotFound("No object type has this key.")
    if found.archived:
        raise ObjectTypeArchived("Its instances can only be read. Bring the type back first.")
    return schema_of(found)


async def instances_of(uow: UnitOfWork, key: str) -> Records:
    """For those who are about to change some."""
    return Records(await schema_to_write(uow, key))


async def bulk(
    units: UnitsOfWork, caller: Caller, key: str, rows: Any, *, dry_run: bool
) -> list[Outcome]:
    async with units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        instances = await instances_of(uow, key)
    return await instances.bulk(units, caller, rows, ObjectRow, dry_run=dry_run)
