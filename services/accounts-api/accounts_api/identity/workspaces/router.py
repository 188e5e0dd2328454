from typing import Annotated

from accounts_api.identity.workspaces import service
from accounts_api.identity.workspaces.rows import Workspace
from accounts_api.identity.workspaces.schemas import ClockIn, ClockOut, WorkspaceOut, WorkspacePatch
from accounts_api.identity.workspaces.service import Clock
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/workspace", "Workspace")

Reader = Annotated[Caller, require("workspace:read")]
Writer = Annotated[Caller, require("workspace:write")]


@router.get("", summary="Get the workspace", response_model=WorkspaceOut)
async def get_workspace(caller: Reader, uow: Uow) -> Workspace:
    """Returns the workspace of the credential, with every setting."""
    return await service.get_workspace(uow)


@router.patch("", summary="Update the workspace", response_model=WorkspaceOut)
async def update_workspace(
    data: WorkspacePatch, version: IfMatch, caller: Writer, uow: Uow
) -> Workspace:
    """Changes what is sent; settings are merged key by key. A new time zone or fiscal
    year makes the rules that depend on it evaluate again.
    """
    return await service.update_workspace(uow, data, version)


@router.get("/clock", summary="Get the clock of the workspace", response_model=ClockOut)
async def get_workspace_clock(caller: Reader, uow: Uow) -> Clock:
    """Returns the workspace's time, which every business decision uses. It is the real time, except
    in a sandbox whose clock was set.
    """
    return await service.read_clock(uow)


@router.put("/clock", summary="Set the clock of a sandbox", response_model=ClockOut)
async def set_workspace_clock(data: ClockIn, caller: Writer, uow: Uow) -> Clock:
    """Stops the clock of a sandbox at an instant, or lets it run. Rules, steps, windows and due
    dates follow this clock, which never moves back; leases, retries and keys follow the real one.
    409 answers in a workspace that is no sandbox.
    """
    return await service.set_clock(uow, data.frozen_at)
