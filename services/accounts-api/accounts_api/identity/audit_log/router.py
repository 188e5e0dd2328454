from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.identity.audit_log import service
from accounts_api.identity.audit_log.schemas import AuditEntryOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/audit-log", "Audit log")


@router.get("", summary="List entries of the audit log", response_model=Page[AuditEntryOut])
async def list_audit_log(
    caller: Annotated[Caller, require("audit_log:read")],
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    target_id: Annotated[
        UUID | None, Query(description="Only changes of the thing with this id.")
    ] = None,
    action: Annotated[
        str | None,
        Query(
            max_length=100,
            description="Only entries of this action, such as `member.updated`.",
            examples=["member.updated"],
        ),
    ] = None,
) -> dict[str, Any]:
    """Lists who changed what is configured, in every service, newest first. Entries are never
    changed or removed.
    """
    shape = ["audit_log", target_id, action]
    before = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_entries(
        uow,
        before_id=UUID(before[0]) if before else None,
        target_id=target_id,
        action=action,
        limit=limit,
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])
