"""Entries that were held back because what called for them came in quietly."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sequencer.sequences.quiet_entries import queries
from sequencer.sequences.quiet_entries.queries import (
    Count,
    batch_by_id,
    batches_page,
    counts,
    decide,
    entries_page,
    release,
    subjects,
)
from sequencer.sequences.quiet_entries.rows import QuietEntry
from shared.events.accounts import QuietBatchOpened
from shared.events.base import Cause
from shared.events.sequences import EnrollmentEntry
from shared.events.tasks import QuietRowsWritten
from shared.quiet import origin_of
from shared.uow import UnitOfWork

__all__ = [
    "Count",
    "batch_by_id",
    "batches_page",
    "counts",
    "decide",
    "entries_page",
    "release",
    "subjects",
]


async def on_quiet_batch_opened(uow: UnitOfWork, event: QuietBatchOpened) -> None:
    now, cause = await uow.now(), _writer(uow)
    await queries.open_batch(uow, event.id, event.title, cause, now, announced=True)


async def on_quiet_rows_written(uow: UnitOfWork, event: QuietRowsWritten) -> None:
    """Tasks and notes start nothing later. Where records are written under the batch, too, the
    service that has them names it.
    """
    now, cause = await uow.now(), _writer(uow)
    await queries.open_batch(uow, event.id, event.title, cause, now, announced=False)


def _writer(uow: UnitOfWork) -> list[Cause]:
    return [link for link in origin_of(uow.cause) if link.type != "event"]


async def standing(
    uow: UnitOfWork, opportunity_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], QuietEntry]:
    """By sequence and opportunity, what stands between them."""
    entries = await queries.standing(uow, opportunity_ids)
    return {(entry.sequence_id, entry.opportunity_id): entry for entry in entries}


async def hold(
    uow: UnitOfWork,
    sequence_id: UUID,
    opportunity_id: UUID,
    entry: EnrollmentEntry,
    at: datetime,
) -> None:
    """Keeps an entry for a person, because what goes on now is quiet."""
    batch = next(link for link in uow.cause if link.type == "quiet_batch")
    batch_id, title = UUID(batch.id), batch.label or "Quiet write"
    # Word of the batch comes in its own transaction, perhaps later than what follows from it.
    await queries.open_batch(uow, batch_id, title, origin_of(uow.cause), at, announced=False)
    await queries.hold(uow, batch_id, sequence_id, opportunity_id, entry, at)
