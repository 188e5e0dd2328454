from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from sequencer.replica.references import look_for
from sequencer.sequences.sequences import service
from sequencer.sequences.sequences.references import named_in
from sequencer.sequences.sequences.rows import SequenceVersion
from sequencer.sequences.sequences.schemas import (
    SequenceIn,
    SequenceOut,
    SequencePatch,
    SequenceState,
    VersionList,
)
from sequencer.sequences.sequences.views import shown
from shared.auth import Caller
from shared.errors import check_version
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/sequences", "Sequences")

Reader = Annotated[Caller, require("sequences:read")]
Writer = Annotated[Caller, require("sequences:write")]
SequenceId = Annotated[UUID, by_key_or_id(service.KEYS, service.SequenceNotFound)]


@router.get("", summary="List sequences", response_model=Page[SequenceOut])
async def list_sequences(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    state: Annotated[
        SequenceState | None,
        Query(description="Only sequences in this state; archived ones come only when asked for."),
    ] = None,
) -> dict[str, Any]:
    """Sequences that are not archived, oldest first, each as its draft stands."""
    shape = ["sequences", state]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.sequences_page(
        uow, state=state, after_id=UUID(after[0]) if after else None, limit=limit
    )
    page = page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])
    return {**page, "data": [await shown(uow, row) for row in page["data"]]}


@router.post("", status_code=201, summary="Create a sequence", response_model=SequenceOut)
@all_faults_at_once
async def create_sequence(
    data: SequenceIn, caller: Writer, running: ServiceDep, begin: BeginUow
) -> dict[str, Any]:
    """Creates a draft. Nothing is sent before it is published and enabled. A template that cannot
    be read, or names a variable that does not exist, is a 422 with pointer, line and column. The
    segments, key roles and traits that the body names must be there.
    """
    looked = await look_for(running, caller, named_in(data))
    uow = await begin()
    sequence = await service.create_sequence(uow, data, looked)
    return await shown(uow, sequence)


@router.get("/{id}", summary="Get a sequence", response_model=SequenceOut)
async def get_sequence(sequence_id: SequenceId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """One sequence as its draft stands; `published_version` is what is in force."""
    sequence = await service.get_sequence(uow, sequence_id)
    return await shown(uow, sequence)


@router.patch("/{id}", summary="Update a sequence", response_model=SequenceOut)
@all_faults_at_once
async def update_sequence(
    sequence_id: SequenceId,
    data: SequencePatch,
    caller: Writer,
    version: IfMatch,
    running: ServiceDep,
    begin: BeginUow,
) -> dict[str, Any]:
    """Changes the draft, which takes effect for new enrollments when it is published."""
    looked = await look_for(running, caller, named_in(data))
    uow = await begin()
    sequence = await service.get_sequence(uow, sequence_id, lock=True)
    check_version(version, sequence.version)
    edited = await service.update_sequence(uow, sequence, data, looked)
    return await shown(uow, edited)


@router.post("/{id}/rename", summary="Rename a sequence", response_model=SequenceOut)
async def rename_sequence(
    sequence_id: SequenceId, data: Rename, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a sequence another key. The one before leads to it for ninety days more. 409 answers a
    key that leads to another sequence.
    """
    return await shown(uow, await service.rename_sequence(uow, sequence_id, data.key))


@router.get("/{id}/versions", summary="List the versions of a sequence", response_model=VersionList)
async def list_sequence_versions(
    sequence_id: SequenceId, caller: Reader, uow: Uow
) -> dict[str, list[SequenceVersion]]:
    """Every published version with what it does, newest first."""
    return {"data": await service.versions(uow, sequence_id)}
