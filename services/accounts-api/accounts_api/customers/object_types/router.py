from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.customers.object_types import service
from accounts_api.customers.object_types.schemas import (
    ObjectTypeIn,
    ObjectTypeOut,
    ObjectTypePatch,
)
from accounts_api.evaluation.usages.schemas import UsageListOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/object-types", "Object types")

Reader = Annotated[Caller, require("object_types:read")]
Writer = Annotated[Caller, require("object_types:write")]
ObjectTypeId = Annotated[UUID, by_key_or_id(service.KEYS, service.ObjectTypeNotFound)]
Force = Annotated[
    bool, Query(description="True goes on although something is in use or would be lost.")
]


@router.get("", summary="List object types", response_model=Page[ObjectTypeOut])
async def list_object_types(
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    *,
    archived: Annotated[
        bool, Query(description="True lists archived types in place of live ones.")
    ] = False,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Any:
    """Lists object types by key, the live ones unless `archived` asks for the others."""
    return await service.list_types(uow, tenure.cursors, cursor, limit, archived=archived)


@router.post("", status_code=201, summary="Create an object type", response_model=ObjectTypeOut)
@all_faults_at_once
async def create_object_type(data: ObjectTypeIn, caller: Writer, uow: Uow) -> Any:
    """Defines a type of record. Its instances are at `/v1/objects/<key>`, and its traits have its
    key as `record_type`.
    """
    return await service.create_type(uow, data)


@router.get("/{id}", summary="Get an object type", response_model=ObjectTypeOut)
async def get_object_type(object_type_id: ObjectTypeId, caller: Reader, uow: Uow) -> Any:
    """Returns an object type with its links, live or archived."""
    return await service.get_type(uow, object_type_id)


@router.patch("/{id}", summary="Update an object type", response_model=ObjectTypeOut)
@all_faults_at_once
async def update_object_type(
    object_type_id: ObjectTypeId,
    data: ObjectTypePatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
    *,
    force: Force = False,
) -> Any:
    """Changes what is sent. A link that instances hold cannot go, which is a 409; one that rules
    look along needs `force` to go.
    """
    return await service.change_type(uow, object_type_id, version, data, force=force)


@router.get(
    "/{id}/usages",
    summary="Get usages of an object type",
    response_model=UsageListOut,
)
async def get_object_type_usages(object_type_id: ObjectTypeId, caller: Reader, uow: Uow) -> Any:
    """Lists rules that look at its instances, and its own traits. No other service can use an
    object type.
    """
    return (await service.used_by(uow, object_type_id)).as_json()


@router.delete("/{id}", status_code=204, summary="Delete an object type")
async def delete_object_type(
    object_type_id: ObjectTypeId,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
    *,
    force: Force = False,
) -> None:
    """Deletes a type that nothing uses. In use it is a 409 that names the users; `force` deletes it
    with its traits and instances, in batches: until they are gone its key stays taken.
    """
    await service.delete_type(uow, object_type_id, version, force=force)
