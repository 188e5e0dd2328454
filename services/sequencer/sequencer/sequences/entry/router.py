from typing import Annotated, Any
from uuid import UUID

from sequencer.sequences.entry import service
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.schemas import SequenceOut
from sequencer.sequences.sequences.views import shown
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/sequences", "Sequences")

SequenceWriter = Annotated[Caller, require("sequences:write")]
SequenceId = Annotated[UUID, by_key_or_id(sequences.KEYS, sequences.SequenceNotFound)]


@router.post("/{id}/publish", summary="Publish a sequence", response_model=SequenceOut)
async def publish_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Pins the draft as the next version. Records that are under way stay on theirs, new ones get
    this one.
    """
    return await shown(uow, await service.publish(uow, caller, sequence_id))


@router.post("/{id}/enable", summary="Enable a sequence", response_model=SequenceOut)
async def enable_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Lets records enter: the audience enters the published version now, and whoever joins it
    later.
    """
    return await shown(uow, await service.enable(uow, sequence_id))


@router.post("/{id}/disable", summary="Disable a sequence", response_model=SequenceOut)
async def disable_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Lets nobody enter from now on. Records that are under way go on."""
    return await shown(uow, await service.disable(uow, sequence_id))


@router.delete("/{id}", status_code=204, summary="Delete a sequence")
async def delete_sequence(sequence_id: SequenceId, caller: SequenceWriter, uow: Uow) -> None:
    """Archives the sequence: records that are under way are taken out, and its history stays."""
    await service.archive(uow, sequence_id)
