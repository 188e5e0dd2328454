from dataclasses import dataclass

from typing_extensions import override

from accounts_api.customers.objects import service
from accounts_api.customers.objects.schemas import (
    EXAMPLE,
    SEARCH,
    ObjectIn,
    ObjectOut,
    ObjectPatch,
    ObjectRow,
    ObjectRows,
)
from accounts_api.customers.record_routes.record_type import PathParams, RecordType
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import OBJECT, RecordSchema
from shared.auth import Caller
from shared.uow import UnitOfWork, UnitsOfWork


@dataclass(frozen=True)
class ObjectTypes(RecordType):
    """The types that a workspace defines share their routes: the path says which one is meant."""

    @override
    async def schema_to_read(self, uow: UnitOfWork, path: PathParams) -> RecordSchema:
        return await service.schema_to_read(uow, path["object_type"])

    @override
    async def records_to_write(self, uow: UnitOfWork, path: PathParams) -> Records:
        return await service.instances_of(uow, path["object_type"])

    @override
    async def records_for_bulk(
        self, units: UnitsOfWork, caller: Caller, path: PathParams
    ) -> Records:
        async with units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
            return await self.records_to_write(uow, path)


OBJECTS = ObjectTypes(
    "/v1/objects/{object_type}",
    Records(OBJECT),
    create=ObjectIn,
    patch=ObjectPatch,
    row=ObjectRow,
    rows=ObjectRows,
    out=ObjectOut,
    example=EXAMPLE,
    search=SEARCH,
)
