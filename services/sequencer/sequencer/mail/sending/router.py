from typing import Annotated
from uuid import UUID

from sequencer.mail.messages.schemas import Message, MessageOut
from sequencer.mail.sending import service
from sequencer.mail.sending.schemas import Resolution
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/messages", "Messages")

Writer = Annotated[Caller, require("messages:write")]


@router.post(
    "/{message_id}/resolve", summary="Say what became of an unknown mail", response_model=MessageOut
)
async def resolve_message(message_id: UUID, data: Resolution, caller: Writer, uow: Uow) -> Message:
    """For a mail whose outcome nobody could tell us. The enrollment goes on after it."""
    return await service.resolve(uow, message_id, data.outcome)


@router.post("/{message_id}/retry", summary="Try a held mail again", response_model=MessageOut)
async def retry_message(message_id: UUID, caller: Writer, uow: Uow) -> Message:
    """After what held it was put right: the template's variable, the mailbox, the content."""
    return await service.retry(uow, message_id)
