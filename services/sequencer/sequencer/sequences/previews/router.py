from typing import Annotated, Any
from uuid import UUID

from sequencer.sequences.previews import service
from sequencer.sequences.previews.schemas import PreviewIn, PreviewOut
from sequencer.sequences.sequences import service as sequences
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import ServiceDep, api_router, require

router = api_router("/v1/sequences", "Sequences")


@router.post("/{id}/preview", summary="Preview a sequence", response_model=PreviewOut)
async def preview_sequence(
    sequence_id: Annotated[UUID, by_key_or_id(sequences.KEYS, sequences.SequenceNotFound)],
    data: PreviewIn,
    caller: Annotated[Caller, require("sequences:read")],
    running: ServiceDep,
) -> dict[str, Any]:
    """Renders every step of the draft as this opportunity's contact would get it. Nothing is sent;
    what is missing is named at the step that needs it.
    """
    return await service.preview(running, caller, sequence_id, data)
