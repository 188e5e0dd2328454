from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch
from sync_worker.connections import service
from sync_worker.connections.addresses import check_reachable
from sync_worker.connections.rows import Connection
from sync_worker.connections.schemas import (
    EXAMPLES,
    ConnectionIn,
    ConnectionOut,
    ConnectionPatch,
)

router = api_router("/v1/connections", "Connections")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]


async def _checked(
    the_service: ServiceDep,
    data: Annotated[ConnectionIn, Body(openapi_examples=EXAMPLES)],
) -> ConnectionIn:
    """Its address is looked up before the transaction opens."""
    await check_reachable(the_service, data)
    return data


async def _checked_patch(the_service: ServiceDep, data: ConnectionPatch) -> ConnectionPatch:
    await check_reachable(the_service, data)
    return data


@router.get("", summary="List connections", response_model=Page[ConnectionOut])
async def list_connections(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Connections to other systems, oldest first."""
    shape = ["connections"]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_connections(uow, UUID(after[0]) if after else None, limit)
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.post("", status_code=201, summary="Create a connection", response_model=ConnectionOut)
async def create_connection(
    caller: Writer,
    data: Annotated[ConnectionIn, Depends(_checked)],
    uow: Uow,
    the_service: ServiceDep,
) -> Connection:
    """Connects another system. Secrets are sealed and never returned. The first read starts at
    once, from the beginning.
    """
    return await service.create_connection(uow, the_service.secrets, data)


@router.get("/{id}", summary="Get a connection", response_model=ConnectionOut)
async def get_connection(id: UUID, caller: Reader, uow: Uow) -> Connection:  # noqa: A002
    """One connection, how fresh our copy is, and what stands in its way."""
    return await service.get_connection(uow, id)


@router.patch("/{id}", summary="Update a connection", response_model=ConnectionOut)
async def update_connection(
    id: UUID,  # noqa: A002
    version: IfMatch,
    caller: Writer,
    data: Annotated[ConnectionPatch, Depends(_checked_patch)],
    uow: Uow,
    the_service: ServiceDep,
) -> Connection:
    """Changes its settings. A new secret replaces the old one and ends the state `needs_reauth`."""
    return await service.update_connection(uow, the_service.secrets, id, data, version)


@router.delete("/{id}", status_code=204, summary="Delete a connection")
async def delete_connection(id: UUID, caller: Writer, uow: Uow) -> None:  # noqa: A002
    """Ends the connection. Secrets are erased at once. Records that came by it stay."""
    await service.remove_connection(uow, id)


@router.post("/{id}/pause", summary="Pause a connection", response_model=ConnectionOut)
async def pause_connection(id: UUID, caller: Writer, uow: Uow) -> Connection:  # noqa: A002
    """Nothing is read or written back until it is resumed."""
    return await service.pause_connection(uow, id)


@router.post("/{id}/resume", summary="Resume a connection", response_model=ConnectionOut)
async def resume_connection(id: UUID, caller: Writer, uow: Uow) -> Connection:  # noqa: A002
    """Reads and writes on from where it stopped."""
    return await service.resume_connection(uow, id)
