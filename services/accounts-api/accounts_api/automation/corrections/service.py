"""Notes what makes the past another, and has it corrected."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.corrections import queries
from accounts_api.automation.corrections.hooks import CorrectionHooks
from accounts_api.automation.corrections.reach import affected
from accounts_api.automation.corrections.rules import CONTINUED, PastChange
from accounts_api.automation.corrections.walking import Look, Past, walk
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.engine.change_capture import dependency_of
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import coalesce_computed
from shared import held_work
from shared.batches import isolate_failures
from shared.events.base import Cause, chain_of
from shared.lists import moment
from shared.rules.interpreter.depends import EXISTENCE
from shared.rules.types.context import EvaluationContext
from shared.service import Service
from shared.uow import UnitOfWork, caused_by

__all__ = [
    "Look",
    "Past",
    "affected",
    "count_queued",
    "follow",
    "follow_records",
    "queue",
    "step",
    "walk",
]

STEP: Final = "corrections"
BATCH: Final = 50
_PRESENT: Final = timedelta(minutes=1)
"""What became so this little ago, and is so now, follows from the present: a worker tells of the
instant of the change that it followed.
"""


async def follow_records(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: notes in their transaction what was told of the past."""
    told = [change for change in changes if change.told_since]
    if told:
        now = await uow.now()
        rows = [row for change in told for row in _rows(record_type, change, now)]
        await _queue(uow, rows)


def _rows(record_type: str, change: RecordChange, now: datetime) -> Iterable[Mapping[str, Any]]:
    found: dict[datetime, set[str]] = defaultdict(set)
    for field, since in change.told_since.items():
        limit = now if field in change.corrected else now - _PRESENT
        if since < limit:
            is_existence = field in {"created", "deleted"}
            found[since].add(EXISTENCE if is_existence else dependency_of(field))
    for since, what in sorted(found.items()):
        yield _row(record_type, change.id, what, since)


def _row(record_type: str, record_id: UUID, what: Iterable[str], since: datetime) -> dict[str, Any]:
    named = sorted(what)
    return {"record_type": record_type, "record_id": record_id, "what": named, "since": since}


async def queue(
    uow: UnitOfWork, record_type: str, what: str, records: Mapping[UUID, datetime]
) -> None:
    """What rules see of these records, such as the membership of a segment, was another since."""
    await _queue(uow, [_row(record_type, id_, [what], at) for id_, at in sorted(records.items())])


async def follow(
    uow: UnitOfWork, record_type: str, what: str, ids: Iterable[UUID], at: datetime
) -> None:
    """What rules see of these records became another now, but since that instant."""
    if at < await uow.now() - _PRESENT:
        await queue(uow, record_type, what, dict.fromkeys(ids, at))


async def _queue(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await queries.queue(uow, rows, to_json(uow.cause).decode())
        uow.wake_worker()


async def count_queued(uow: UnitOfWork) -> int:
    """Changes of the past that wait."""
    return await queries.count(uow)


async def step(service: Service) -> bool:
    """One batch of corrections for every workspace that has some."""
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_waiting(scope, STEP)
    cause = [Cause(type="system", id="rules")]
    return await service.units.in_each(waiting, cause, _work, what=STEP)


async def _work(uow: UnitOfWork) -> bool:
    """Nothing while the present is not evaluated: it comes first."""
    if await engine.evaluated_until(uow) is None or any((await engine.due_work(uow)).values()):
        return False
    again = await _due_for_retry(uow)
    changes = [*again, *await queries.claim(uow, BATCH)]
    context = await moment.evaluation_context(uow)
    failed: set[str] = set()

    async def hold(change: PastChange, error: Exception) -> None:
        failed.add(_item(change))
        about = asdict(change) | {"record_id": str(change.record_id)}
        about["since"] = change.since.isoformat()
        await held_work.hold(uow, STEP, _item(change), error, about)

    await isolate_failures(uow, changes, partial(_correct, uow, context), hold)
    done = {_item(change) for change in again} - failed
    if done:
        await held_work.release(uow, STEP, done.__contains__)
    if uow.events:
        await coalesce_computed(uow)
    return bool(changes)


async def _correct(
    uow: UnitOfWork, context: EvaluationContext, changes: Sequence[PastChange]
) -> None:
    """A stretch that is too long for one transaction is gone on with from where it came to."""
    async with caused_by(uow, chain_of(changes[-1].cause)):
        reached = [
            await correct(uow, changes, context) for correct in uow.wired(CorrectionHooks).correct
        ]
    left = min((at for at in reached if at is not None), default=None)
    if left is None:
        return
    for change in changes:
        # Whatever it was told of, it was followed from there or from earlier until that instant.
        since = max(change.since, left) if CONTINUED in change.what else left
        async with caused_by(uow, chain_of(change.cause)):
            what = {*change.what, CONTINUED}
            await _queue(uow, [_row(change.record_type, change.record_id, what, since)])


async def _due_for_retry(uow: UnitOfWork) -> list[PastChange]:
    return [
        PastChange(
            **{
                **held.about,
                "record_id": UUID(held.about["record_id"]),
                "since": datetime.fromisoformat(held.about["since"]),
            }
        )
        for held in await held_work.due_for_retry(uow, STEP, BATCH)
    ]


def _item(change: PastChange) -> str:
    return f"{change.record_id}:{change.since.isoformat()}:{','.join(change.what)}"
