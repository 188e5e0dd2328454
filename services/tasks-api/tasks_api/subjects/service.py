"""Tasks and notes go where the record goes that they are about."""

from itertools import groupby
from uuid import UUID

from shared import record_columns
from shared.feed import dead_events
from shared.uow import UnitOfWork
from tasks_api.record_columns import RECORD_COLUMNS
from tasks_api.records.history import service as history
from tasks_api.subjects import queries
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rows import Task


async def follow_merge(uow: UnitOfWork, record_type: str, loser: UUID, winner: UUID) -> None:
    """What was about the loser is about the winner. The key of an open task stays: whoever opened
    it for a cause of the loser closes it by that key.
    """
    mentions = await queries.mentions(uow, record_type, loser)
    for kind, named in groupby(mentions, key=lambda mention: mention.kind):
        told = [(mention.id, {mention.column: (loser, winner)}) for mention in named]
        await history.record_changes(uow, kind, told)
    await record_columns.follow_merge(uow, RECORD_COLUMNS, record_type, loser, winner)


async def end(uow: UnitOfWork, record_type: str, record_id: UUID) -> None:
    """The record was deleted: its open tasks close and say so, and all about it leaves lists."""

    async def close(task: Task) -> None:
        await tasks.close(uow, task, "record_deleted")

    about = await queries.open_tasks_about(uow, record_type, record_id)
    await dead_events.apply_to_each(uow, about, close)
    await queries.hide(uow, record_type, record_id)


async def bring_back(uow: UnitOfWork, record_type: str, record_id: UUID, *, hidden: bool) -> None:
    """The record is back, and so is what went with it; `hidden`: it is ignored."""
    for task in await queries.closed_with(uow, record_type, record_id, "record_deleted"):
        await tasks.reopen(uow, task)
    await hide(uow, record_type, record_id, hidden=hidden)


async def hide(uow: UnitOfWork, record_type: str, record_id: UUID, *, hidden: bool) -> None:
    """Whether what is about the record is left out of lists."""
    if hidden:
        await queries.hide(uow, record_type, record_id)
    else:
        await queries.show(uow, record_type, record_id)
