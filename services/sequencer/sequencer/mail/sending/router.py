from typing import Annotated
from uuid import UUID

from fastapi import Path

from sequencer.mail.messages.schemas import Message, MessageOut
from sequencer.mail.sending import service
from sequencer.mail.sending.schemas import Resolution
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/messages", "Messages")

Writer = Annotated[Caller, require("messages:write")]
MessageId = Annotated[UUID, Path(alias="id", description="The id of the message.")]


@router.post("/{id}/resolve", summary="Resolve a message", response_model=MessageOut)
async def resolve_message(
    message_id: MessageId, data: Resolution, caller: Writer, uow: Uow
) -> Message:
    """Says what became of a mail whose outcome nobody could tell us. The enrollment goes on after
    it; a mail that was not sent is sent again, within the send conditions.
    """
    return await service.resolve(uow, message_id, data.outcome)


@router.post("/{id}/retry", summary="Retry a message", response_model=MessageOut)
async def retry_message(message_id: MessageId, caller: Writer, uow: Uow) -> Message:
    """Tries a held mail again, after what held it was put right: the template's variable, the
    mailbox, the content.
    """
    return await service.retry(uow, message_id)
