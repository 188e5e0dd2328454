from typing import Annotated
from uuid import UUID

from shared.auth import Caller
from shared.web.routing import ServiceDep, api_router, require
from sync_worker.checks import service
from sync_worker.checks.schemas import ConnectionTestResult

router = api_router("/v1/connections", "Connections")


@router.post("/{id}/test", summary="Test a connection", response_model=ConnectionTestResult)
async def test_connection(
    id: UUID,  # noqa: A002
    caller: Annotated[Caller, require("connections:write")],
    the_service: ServiceDep,
) -> ConnectionTestResult:
    """Signs in and looks around; nothing is read into Tenure. A success lets a connection that
    needed a new sign-in go on.
    """
    return await service.check_connection(the_service, caller, id)
