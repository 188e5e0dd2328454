from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.mail.messages import service
from sequencer.mail.messages.rules import MessageState
from sequencer.mail.messages.schemas import MessageOut, MessageWithContent
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/messages", "Messages")

Reader = Annotated[Caller, require("messages:read")]


@router.get("", summary="List messages", response_model=Page[MessageOut])
async def list_messages(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    state: Annotated[MessageState | None, Query(description="Only messages in this state.")] = None,
    enrollment_id: Annotated[
        UUID | None, Query(description="Only messages of this enrollment.")
    ] = None,
    sequence_id: Annotated[
        UUID | None, Query(description="Only messages of this sequence.")
    ] = None,
    opportunity_id: Annotated[
        UUID | None, Query(description="Only messages about this opportunity.")
    ] = None,
    contact_id: Annotated[UUID | None, Query(description="Only messages to this contact.")] = None,
) -> dict[str, Any]:
    """The ledger, newest first: mails that left, that wait, that did not leave, and steps that were
    passed over.
    """
    filters = {
        "state": state,
        "enrollment_id": enrollment_id,
        "sequence_id": sequence_id,
        "opportunity_id": opportunity_id,
        "contact_id": contact_id,
    }
    shape = ["messages", *filters.values()]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.messages_page(
        uow, filters, after_id=UUID(after[0]) if after else None, limit=limit
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.get("/{id}", summary="Get a message", response_model=MessageWithContent)
async def get_message(
    message_id: Annotated[UUID, Path(alias="id", description="The id of the message.")],
    caller: Reader,
    uow: Uow,
) -> dict[str, Any]:
    """With the mail as it was handed over, byte for byte (RFC 5322)."""
    message = await service.get(uow, message_id)
    raw = await service.raw_of(uow, message_id)
    text = raw.decode("ascii", "replace") if raw is not None else None
    return {**MessageOut.model_validate(message).model_dump(), "raw": text}
