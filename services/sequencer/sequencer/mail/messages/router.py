from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path, Query

from sequencer.mail.messages import service
from sequencer.mail.messages.schemas import MessageOut, MessageWithContent
from shared.auth import Caller
from shared.lists.schemas import CountedPage, ListParams, SearchBody
from shared.lists.service import ListQuery
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/messages", "Messages")

Reader = Annotated[Caller, require("messages:read")]


_SEARCH: Any = {
    "held": {
        "summary": "Mails to a domain that wait for a person, the oldest first",
        "value": {
            "filter": 'state = "held" and recipient ends with "@acme.example"',
            "sort": "due_at",
        },
    }
}


@router.get("", summary="List messages", response_model=CountedPage[MessageOut])
async def list_messages(
    caller: Reader, uow: Uow, the_service: ServiceDep, params: Annotated[ListParams, Query()]
) -> dict[str, Any]:
    """The ledger, newest first unless `sort` says otherwise: mails that left, that wait, that did
    not leave, and steps that were passed over; those that `filter` finds if there is one:
    `state = "held"`.
    """
    query = ListQuery(**params.model_dump())
    return await service.messages_page(uow, query, the_service.cursors)


@router.post("/search", summary="Search messages", response_model=CountedPage[MessageOut])
async def search_messages(
    data: Annotated[SearchBody, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
) -> dict[str, Any]:
    """Finds messages by a rule, as the list does; a rule that is too long for an address fits
    here.
    """
    query = ListQuery(**data.model_dump(), pointers="")
    return await service.messages_page(uow, query, the_service.cursors)


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
