"""Tells others who entered and who left: at once, or when it has lasted.

A segment with a debounce tells of a move after that time, if the record has not moved back until
then. What waits is a row beside the membership, so that a crash forgets nothing; and it is told
only when everything that happened before its instant has been evaluated, so that a worker that was
away tells what it would have told had it been there.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.debounce import queries
from accounts_api.automation.debounce.queries import ClaimedMove, PendingMove
from accounts_api.evaluation.engine import service as engine
from shared import held_work
from shared.batches import isolate_failures
from shared.events.accounts import SegmentEntered, SegmentLeft
from shared.events.base import Cause, chain_of
from shared.events.records import RecordType
from shared.service import Service
from shared.uow import UnitOfWork, caused_by

BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Publication:
    """A move as others hear of it."""

    segment_id: UUID
    title: str
    record_type: RecordType
    record_id: UUID
    entered: bool
    at: datetime
    by: str
    resumed: bool

    def as_event(self) -> SegmentEntered | SegmentLeft:
        given = {
            "segment_id": self.segment_id,
            "segment_title": self.title,
            "record_type": self.record_type,
            "record_id": self.record_id,
            "effective_at": self.at,
            "reason": self.by,
        }
        if self.entered:
            return SegmentEntered.model_validate({**given, "resumed": self.resumed})
        return SegmentLeft.model_validate(given)


async def publish_moves(
    uow: UnitOfWork,
    segment_id: UUID,
    moves: Sequence[Publication],
    cause: Sequence[Cause],
    debounce: timedelta | None,
) -> None:
    """Moves in one segment, of one cause. Of those who moved back in time nothing is said."""
    if debounce is None:
        await _publish(uow, moves, cause)
        return
    ids = [move.record_id for move in moves]
    waiting = await queries.pending(uow, segment_id, ids)
    if waiting:
        await queries.drop(uow, segment_id, waiting)
    delayed = []
    for move in moves:
        before = waiting.get(move.record_id)
        if before is not None and move.at < before.due_at:
            continue
        if before is not None:
            # It had lasted long enough, and nobody has come to tell it yet.
            published = _publication(before, segment_id, move.title, move.record_type)
            await _publish(uow, [published], chain_of(before.cause))
        delayed.append(move)
    if delayed:
        links = [link.model_dump(mode="json", exclude_none=True) for link in cause]
        rows = [_row(move, links, debounce) for move in delayed]
        await queries.delay(uow, rows)


async def pending(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> PendingMove | None:
    """The move of a record that others were not told of yet."""
    return (await queries.pending(uow, segment_id, [record_id])).get(record_id)


async def publish_now(uow: UnitOfWork, segment_id: UUID) -> None:
    """What waits in a segment that has no debounce any more. The caller holds the lock on
    evaluations.
    """
    await _publish_claimed(uow, await queries.claim_all(uow, segment_id))


def _row(move: Publication, cause: Sequence[Any], debounce: timedelta) -> dict[str, Any]:
    return {
        "segment_id": move.segment_id,
        "record_id": move.record_id,
        "entered": move.entered,
        "at": move.at,
        "by": move.by,
        "resumed": move.resumed,
        "cause": cause,
        "due_at": move.at + debounce,
    }


async def _publish(uow: UnitOfWork, moves: Sequence[Publication], cause: Sequence[Cause]) -> None:
    """Events whose cause goes back to the change."""
    async with caused_by(uow, cause):
        uow.publish(*(move.as_event() for move in moves))


async def step(service: Service) -> bool:
    """Tell what has lasted, in every workspace that has some."""
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_with_due(scope)
    cause = [Cause(type="system", id="rules")]
    return await service.units.in_each(waiting, cause, _publish_due, what="segment-notifications")


async def _publish_due(uow: UnitOfWork) -> bool:
    until = await engine.evaluated_until(uow)
    if until is None:
        return False
    due = await queries.claim_due(uow, until, BATCH)
    await _publish_claimed(uow, due)
    return bool(due)


async def _publish_claimed(uow: UnitOfWork, waiting: Sequence[ClaimedMove]) -> None:
    """One that cannot be told goes on waiting, held back; the others are told."""
    unpublished = set()

    async def publish_some(rows: Sequence[ClaimedMove]) -> None:
        for cause, alike in groupby(rows, key=lambda row: row.cause):
            moves = [_publication(row, row.segment_id, row.title, row.record_type) for row in alike]
            await _publish(uow, moves, chain_of(cause))

    async def hold(row: ClaimedMove, error: Exception) -> None:
        unpublished.add(_item(row))
        about = {"segment_id": str(row.segment_id), "record_id": str(row.record_id)}
        await queries.delay(uow, [asdict(row)])
        await held_work.hold(uow, queries.STEP, _item(row), error, about)

    await isolate_failures(uow, waiting, publish_some, hold)
    published = {_item(row) for row in waiting} - unpublished
    await held_work.release(uow, queries.STEP, published.__contains__)


def _item(row: ClaimedMove) -> str:
    return f"{row.segment_id}:{row.record_id}"


def _publication(
    row: PendingMove | ClaimedMove, segment_id: UUID, title: str, record_type: RecordType
) -> Publication:
    move = (row.record_id, row.entered, row.at, row.by, row.resumed)
    return Publication(segment_id, title, record_type, *move)
