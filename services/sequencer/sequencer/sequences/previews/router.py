from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from sequencer.sequences.previews import service
from sequencer.sequences.previews.schemas import PreviewIn, PreviewOut
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/sequences", "Sequences")


@router.post("/{id}/preview", summary="Preview a sequence", response_model=PreviewOut)
async def preview_sequence(
    sequence_id: Annotated[UUID, Path(alias="id", description="The id of the sequence.")],
    data: PreviewIn,
    caller: Annotated[Caller, require("sequences:read")],
    uow: Uow,
) -> dict[str, Any]:
    """Renders every step of the draft as this opportunity's contact would get it. Nothing is sent;
    what is missing is named at the step that needs it.
    """
    return await service.preview(uow, sequence_id, data)
