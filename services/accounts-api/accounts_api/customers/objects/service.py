"""Instances of the object types that a workspace defines."""

from accounts_api.records.requests.service import Records
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema, schema_of
from shared.errors import Conflict, NotFound
from shared.uow import UnitOfWork


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
    """Raises `ObjectTypeArchived` for a type whose instances can only be read."""
    return Records(await schema_to_write(uow, key))
