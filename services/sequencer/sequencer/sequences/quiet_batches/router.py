from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.audit import audit
from sequencer.sequences.quiet_batches import service
from sequencer.sequences.quiet_batches.schemas import (
    QuietBatchOut,
    QuietEntryOut,
    ReleaseIn,
    ReleaseOut,
)
from sequencer.sequences.quiet_entries.rows import QuietEntryStatus
from sequencer.sequences.sequences import service as sequences
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import query_by_key_or_id
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require

router = api_router("/v1/quiet-batches", "Quiet batches")

Reader = Annotated[Caller, require("enrollments:read")]
BatchId = Annotated[UUID, Path(alias="id", description="The id of the quiet batch.")]


@router.get("", summary="List quiet batches", response_model=Page[QuietBatchOut])
async def list_quiet_batches(
    caller: Reader, uow: Uow, the_service: ServiceDep, limit: Limit = 50, cursor: CursorParam = None
) -> dict[str, Any]:
    """Imports, first pulls and other writes that started nothing, of tasks and notes as well,
    newest first, each with how much it would have started.
    """
    shape = ["quiet_batches"]
    before = None
    if cursor:
        opened_at, batch_id = the_service.cursors.read(cursor, caller.workspace_id, shape)
        before = datetime.fromisoformat(opened_at), UUID(batch_id)
    rows = await service.batches_page(uow, before, limit + 1)
    return page_of(
        rows, limit, the_service.cursors, caller.workspace_id, shape, ["opened_at", "id"]
    )


@router.get("/{id}", summary="Get a quiet batch", response_model=QuietBatchOut)
async def get_quiet_batch(batch_id: BatchId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """One batch with its counts, which move as entries get their turn."""
    return await service.get_batch(uow, batch_id)


@router.get(
    "/{batch_id}/entries",
    summary="List entries of a quiet batch",
    response_model=Page[QuietEntryOut],
)
async def list_quiet_batch_entries(
    batch_id: UUID,
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    sequence_id: Annotated[
        UUID | None,
        query_by_key_or_id(
            sequences.KEYS, "sequence_id", "Only entries of this sequence, by its id or key."
        ),
    ],
    status: Annotated[
        QuietEntryStatus | None, Query(description="Only entries of this status.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """What would have entered which sequence, and what would become of it if it were released
    now.
    """
    shape = ["quiet_entries", str(batch_id), status, str(sequence_id)]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.entries_page(
        uow,
        batch_id,
        status=status,
        sequence_id=sequence_id,
        after_id=UUID(after[0]) if after else None,
        limit=limit + 1,
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.post(
    "/{id}/release",
    status_code=202,
    summary="Release a quiet batch",
    response_model=ReleaseOut,
    responses=refuses(409),
)
async def release_quiet_batch(
    batch_id: BatchId,
    data: ReleaseIn,
    caller: Annotated[Caller, require("enrollments:write")],
    uow: Uow,
) -> dict[str, Any]:
    """Lets held entries enter, all or some, a few in each minute. Each passes every condition when
    its turn comes, and mails whose day has passed are left out. 409 answers a batch that has
    expired, and one that never held anything, as of tasks and notes alone.
    """
    released = await service.release(uow, batch_id, data)
    audit.record(uow, "quiet_batch.released", batch_id, after=data.model_dump(mode="json"))
    return released
