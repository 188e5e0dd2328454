"""What a person sees of quiet writes, and how they let what was held enter."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sequencer.sequences.entry.context import EntryContext, load_entry_context
from sequencer.sequences.entry.rules import Gate, gates
from sequencer.sequences.quiet_batches.schemas import ReleaseIn
from sequencer.sequences.quiet_entries import service as quiet_entries
from sequencer.sequences.quiet_entries.rows import (
    ENTRY_STATUSES,
    QuietBatch,
    QuietEntry,
    QuietEntryStatus,
)
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.versions import Pinned
from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.uow import UnitOfWork


class QuietBatchNotFound(NotFound):
    code = "quiet_batch_not_found"
    title = "There is no such quiet batch"


class QuietBatchExpired(Conflict):
    code = "quiet_batch_expired"
    title = "It is too late to release this batch"


class NothingToRelease(Conflict):
    code = "nothing_to_release"
    title = "This batch has held nothing"


async def batches_page(
    uow: UnitOfWork, before: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first."""
    return await _shown(uow, await quiet_entries.batches_page(uow, before, limit))


async def get_batch(uow: UnitOfWork, batch_id: UUID) -> dict[str, Any]:
    (shown,) = await _shown(uow, [await _batch(uow, batch_id)])
    return shown


async def _batch(uow: UnitOfWork, batch_id: UUID) -> QuietBatch:
    batch = await quiet_entries.batch_by_id(uow, batch_id)
    if batch is None:
        raise QuietBatchNotFound(
            "It is known a moment after its first write. Look at GET /v1/quiet-batches."
        )
    return batch


async def _shown(uow: UnitOfWork, batches: Sequence[QuietBatch]) -> list[dict[str, Any]]:
    counts = await quiet_entries.counts(uow, [batch.id for batch in batches])
    now = await uow.now()
    shown = []
    for batch in batches:
        of_batch = [count for count in counts if count.batch_id == batch.id]
        by_sequence = {count.sequence_id: count.title for count in of_batch}
        shown.append(
            {
                **asdict(batch),
                "expires_at": batch.expires_at,
                "expired": batch.expires_at <= now,
                **_counted(of_batch),
                "sequences": [
                    {
                        "sequence_id": sequence_id,
                        "title": title,
                        **_counted([c for c in of_batch if c.sequence_id == sequence_id]),
                    }
                    for sequence_id, title in by_sequence.items()
                ],
            }
        )
    return shown


def _counted(counts: Sequence[quiet_entries.Count]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total[count.status] += count.entries
    return {status: total[status] for status in ENTRY_STATUSES}


async def entries_page(
    uow: UnitOfWork,
    batch_id: UUID,
    *,
    status: QuietEntryStatus | None,
    sequence_id: UUID | None,
    after_id: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Each with what would become of it now."""
    await _batch(uow, batch_id)
    entries = await quiet_entries.entries_page(
        uow, batch_id, status=status, sequence_id=sequence_id, after_id=after_id, limit=limit
    )
    pinned: dict[UUID, Pinned] = {}
    for named in {entry.sequence_id for entry in entries}:
        version = await sequences.published_sequence(uow, named)
        if version is not None:
            pinned[named] = version
    context = await load_entry_context(
        uow, {entry.opportunity_id for entry in entries}, pinned.values()
    )
    return [_entry(entry, context, pinned.get(entry.sequence_id)) for entry in entries]


def _entry(entry: QuietEntry, context: EntryContext, pinned: Pinned | None) -> dict[str, Any]:
    opportunity = context.records.opportunities.get(entry.opportunity_id)
    account = context.records.account_of(entry.opportunity_id) if opportunity else None
    obstacles: list[Gate] = []
    is_held = entry.status == "held"
    if is_held and pinned is not None and opportunity is not None:
        case = context.case(pinned, entry.opportunity_id)
        verdicts = gates(case.facts(entry.entry, let_in=True), case.now)
        obstacles = [gate for gate in verdicts if not gate.passed]
    return {
        **asdict(entry),
        "opportunity_name": opportunity.name if opportunity else None,
        "account_id": opportunity.account_id if opportunity else None,
        "account_name": account.name if account else None,
        "would_enter": is_held and opportunity is not None and not obstacles,
        "obstacles": obstacles,
    }


async def _must_be_in_batch(
    uow: UnitOfWork,
    batch_id: UUID,
    sequence_ids: Sequence[UUID | None],
    opportunity_ids: Sequence[UUID],
) -> None:
    """Raises `Invalid` with every one of which the batch has held nothing."""
    known = [sequence_id for sequence_id in sequence_ids if sequence_id is not None]
    of_batch = await quiet_entries.subjects(uow, batch_id, known, opportunity_ids)
    named = {"sequence_ids": sequence_ids, "opportunity_ids": opportunity_ids}
    faults = [
        Fault(f"/{name}/{place}", "not_in_batch", "This batch has held nothing of it.")
        for name, ids in named.items()
        for place, given in enumerate(ids)
        if given not in of_batch
    ]
    if faults:
        raise Invalid("Nothing was released. See `errors` for each fault.", faults=faults)


async def release(uow: UnitOfWork, batch_id: UUID, wish: ReleaseIn) -> dict[str, Any]:
    """Give held entries their turns, some in each minute: when its turn comes, an entry passes all
    gates as they are then. A repeated call releases only what is still held.
    """
    batch, now = await _batch(uow, batch_id), await uow.now()
    if batch.expires_at <= now:
        raise QuietBatchExpired(
            f"It could be released until {batch.expires_at.date()}. Enter records by hand at POST"
            " /v1/enrollments."
        )
    by_word = await sequences.KEYS.resolve(uow, wish.sequence_ids or ())
    sequence_ids = [by_word.get(word) for word in wish.sequence_ids or ()]
    await _must_be_in_batch(uow, batch_id, sequence_ids, wish.opportunity_ids or ())
    if not await quiet_entries.counts(uow, [batch_id]):
        raise NothingToRelease(
            "No sequence would have begun for what was written so far. Tasks and notes are there as"
            " they were written, and start nothing later."
        )
    released = await quiet_entries.release(
        uow,
        batch_id,
        sequence_ids=None if wish.sequence_ids is None else list(by_word.values()),
        opportunity_ids=wish.opportunity_ids,
        per_minute=wish.per_minute,
        at=now,
    )
    turns: dict[datetime, list[UUID]] = {}
    for entry in released:
        turns.setdefault(entry.due_at, []).append(entry.opportunity_id)
    for due_at, opportunity_ids in turns.items():
        await queue.enqueue(uow, opportunity_ids, due_at)
    uow.wake_worker()
    return {"released": len(released), "last_due_at": max(turns, default=None)}
