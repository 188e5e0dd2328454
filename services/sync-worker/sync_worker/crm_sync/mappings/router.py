from typing import Annotated
from uuid import UUID

from shared.auth import Caller
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, api_router, refuses, require
from shared.web.versions import IfMatch
from sync_worker.crm_sync.mappings import service
from sync_worker.crm_sync.mappings.schemas import (
    ConnectionMappingOut,
    MappingIn,
    MappingPreviewIn,
    MappingPreviewOut,
)

router = api_router("/v1/connections/{id}/mapping", "Connections")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]


@router.get(
    "",
    summary="Get the mapping of a connection",
    response_model=ConnectionMappingOut,
    responses=refuses(409),
)
async def get_connection_mapping(
    id: UUID,  # noqa: A002
    caller: Reader,
    the_service: ServiceDep,
) -> ConnectionMappingOut:
    """Which of their fields becomes which of ours. Until someone changes it, the one that ships."""
    return await service.get_mapping(the_service, caller, id)


@router.put("", summary="Replace the mapping of a connection", response_model=ConnectionMappingOut)
@all_faults_at_once
async def replace_connection_mapping(
    id: UUID,  # noqa: A002
    data: MappingIn,
    version: IfMatch,
    caller: Writer,
    the_service: ServiceDep,
    begin: BeginUow,
) -> ConnectionMappingOut:
    """Replaces the whole mapping. It is checked against what Salesforce describes to the connected
    user. The next run reads every record anew. Look at the preview first.
    """
    await service.check_mapping(the_service, caller, id, data)
    return await service.replace_mapping(await begin(), the_service, id, data, version)


@router.post(
    "/preview", summary="Preview the mapping of a connection", response_model=MappingPreviewOut
)
@all_faults_at_once
async def preview_connection_mapping(
    id: UUID,  # noqa: A002
    data: MappingPreviewIn,
    caller: Writer,
    the_service: ServiceDep,
) -> MappingPreviewOut:
    """Stores nothing: it shows the newest rows of an object, as they are there and as they would be
    here.
    """
    return await service.preview_mapping(the_service, caller, id, data)
