from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from accounts_api.records.history import service
from accounts_api.records.history.schemas import PlanRolesChangeOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/accounts/{account_id}/plan-roles", "Contacts")


@router.get(
    "/history",
    summary="List changes of plan roles in an account",
    response_model=Page[PlanRolesChangeOut],
)
async def list_plan_role_history(
    account_id: UUID,
    caller: Annotated[Caller, require("records:read")],
    uow: Uow,
    tenure: ServiceDep,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Response:
    """Lists how the roles of contacts in this account changed, newest first. The same changes are
    in the history of each contact, as `accounts`.
    """
    body = await service.plan_roles_page(uow, account_id, tenure.cursors, cursor, limit)
    return Response(body, media_type="application/json")
