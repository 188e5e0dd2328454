from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.objects import service
from accounts_api.customers.objects.schemas import (
    EXAMPLE,
    ObjectIn,
    ObjectOut,
    ObjectPatch,
    ObjectRows,
)
from accounts_api.customers.querying.routes import ExternalIdPath, add_reading
from accounts_api.records.history.routes import add_history
from accounts_api.records.schema.record_schemas import OBJECT, RecordSchema
from accounts_api.records.store.routes import (
    Writer,
    add_writing,
    bulk_written,
    written,
)
from accounts_api.records.store.schemas import BulkOut, upsert_examples
from shared.uow import UnitOfWork
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import IfMatch, OptionalIfMatch, ServiceDep, Uow, api_router

TypeKey = Annotated[
    str, Path(max_length=63, description="Key of the object type, such as `project`.")
]


async def _type_key(object_type: TypeKey) -> str:
    return object_type


router = api_router("/v1/objects/{object_type}", "Objects")
router.dependencies.append(Depends(_type_key))

RecordId = Annotated[UUID, Path(description="The instance's id.")]


async def _to_read(uow: UnitOfWork, request: Request) -> RecordSchema:
    return await service.schema_to_read(uow, request.path_params["object_type"])


async def _to_write(uow: UnitOfWork, request: Request) -> RecordSchema:
    return await service.schema_to_write(uow, request.path_params["object_type"])


@router.post("", status_code=201, summary="Create an object", response_model=ObjectOut)
@all_faults_at_once
async def create_object(object_type: TypeKey, data: ObjectIn, caller: Writer, uow: Uow) -> Response:
    instances = await service.instances_of(uow, object_type)
    return written(instances, await instances.create(uow, caller, data))


@router.post("/bulk", summary="Upsert many objects", response_model=BulkOut)
async def upsert_objects(
    object_type: TypeKey, data: ObjectRows, caller: Writer, tenure: ServiceDep
) -> Response:
    """By `external_id`, or updates by `id`. Each row is accepted or refused by itself."""
    outcomes = await service.bulk(
        tenure.units, caller, object_type, data.rows, dry_run=data.dry_run
    )
    return bulk_written(outcomes)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or change the object with an external id",
    response_model=ObjectOut,
    responses={201: {"model": ObjectOut, "description": "It did not exist."}},
)
@all_faults_at_once
async def put_object(
    object_type: TypeKey,
    external_id: ExternalIdPath,
    data: Annotated[ObjectPatch, Body(openapi_examples=upsert_examples(EXAMPLE))],
    version: OptionalIfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """Sets what the body says; a field left out stays as it is."""
    instances = await service.instances_of(uow, object_type)
    return written(instances, await instances.put(uow, caller, external_id, version, data))


@router.patch("/{record_id}", summary="Change one object", response_model=ObjectOut)
@all_faults_at_once
async def update_object(
    object_type: TypeKey,
    record_id: RecordId,
    data: ObjectPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """JSON merge patch: a field left out stays, null clears. Traits are merged one by one."""
    instances = await service.instances_of(uow, object_type)
    return written(instances, await instances.patch(uow, caller, record_id, version, data))


add_reading(router, OBJECT, ObjectOut, _to_read)
add_writing(router, service.objects, ObjectOut, _to_write)
add_history(router, OBJECT, _to_read)
