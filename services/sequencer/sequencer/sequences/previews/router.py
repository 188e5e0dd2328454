from typing import Annotated, Any
from uuid import UUID

from sequencer.sequences.previews import service
from sequencer.sequences.sequences.schemas import PreviewIn, PreviewOut
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/sequences", "Sequences")


@router.post("/{sequence_id}/preview", summary="Render every step", response_model=PreviewOut)
async def preview_sequence(
    sequence_id: UUID,
    data: PreviewIn,
    caller: Annotated[Caller, require("sequences:read")],
    uow: Uow,
) -> dict[str, Any]:
    """The draft, as this opportunity's contact would get it. Nothing is sent; what is missing is
    named at the step that needs it.
    """
    return await service.preview(uow, sequence_id, data)
