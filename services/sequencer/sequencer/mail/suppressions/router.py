from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.mail.suppressions import service
from sequencer.mail.suppressions.rows import Suppression
from sequencer.mail.suppressions.schemas import SuppressionIn, SuppressionOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/suppressions", "Suppressions")

Reader = Annotated[Caller, require("suppressions:read")]
Writer = Annotated[Caller, require("suppressions:write")]


@router.get("", summary="List suppressions", response_model=Page[SuppressionOut])
async def list_suppressions(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    email: Annotated[str | None, Query(max_length=254, description="Only this address.")] = None,
) -> dict[str, Any]:
    """Addresses that nothing is sent to, newest first; also those whose time is over."""
    shape = ["suppressions", email]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_suppressions(
        uow, email=email, after_id=UUID(after[0]) if after else None, limit=limit
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.post("", status_code=201, summary="Create a suppression", response_model=SuppressionOut)
async def create_suppression(data: SuppressionIn, caller: Writer, uow: Uow) -> Suppression:
    """From the answer on, no mail to this address begins. An address that is suppressed already
    keeps its entry.
    """
    return await service.create_suppression(uow, data)


@router.delete("/{id}", status_code=204, summary="Delete a suppression")
async def delete_suppression(
    suppression_id: Annotated[UUID, Path(alias="id", description="The id of the suppression.")],
    caller: Writer,
    uow: Uow,
) -> None:
    """Lifts the suppression, so that the address is written to again. Refused with 409 when the
    recipient unsubscribed or complained.
    """
    await service.lift_suppression(uow, suppression_id)
