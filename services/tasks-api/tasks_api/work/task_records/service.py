from collections.abc import Sequence
from uuid import UUID

from shared.auth import Caller
from shared.quiet import quiet_batch_of
from shared.traits.patches import TraitWrite
from shared.uow import UnitOfWork
from tasks_api.records.upserts import service as upserts
from tasks_api.records.upserts.authorship import Moment
from tasks_api.records.upserts.batch import Edit, Outcome, PendingRecord, State
from tasks_api.records.upserts.service import ReadRows
from tasks_api.replica import service as replica
from tasks_api.work.task_records.kind import TaskKind
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rows import Task


async def write_tasks(
    uow: UnitOfWork, caller: Caller, read: ReadRows, *, dry_run: bool = False
) -> Sequence[Outcome]:
    """One outcome for each row. What is opened or completed is published, and assignees are
    notified.
    """

    async def kind(
        uow: UnitOfWork, edits: Sequence[Edit], states: Sequence[State], traits: TraitWrite
    ) -> TaskKind:
        said = [*(edit.given for edit in edits), *states]
        accounts = {id_ for one in said for id_ in replica.accounts_of(one)}
        return TaskKind(
            moment=await Moment.of(uow, caller),
            members=read.known.members,
            holders=await replica.first_holders(uow, accounts),
            ignored=await replica.ignored_among(uow, accounts),
            is_quiet=quiet_batch_of(uow.cause) is not None,
            traits=traits,
        )

    written = await upserts.write(uow, caller, tasks.UPSERTED, kind, read, dry_run=dry_run)
    await _follow(uow, written.stored)
    return written.outcomes


async def _follow(uow: UnitOfWork, stored: Sequence[PendingRecord]) -> None:
    before = {one.after["id"]: one.before for one in stored}
    changed = await tasks.tasks_by_id(uow, list(before))
    changed.sort(key=lambda task: task.id)
    for task in changed:
        was = before[task.id]
        if task.is_open and was is None:
            tasks.publish_opened(uow, task)
        if task.status == "completed" and (was is None or was["status"] == "open"):
            tasks.publish_completed(uow, task)
    await tasks.notify_assignees(uow, [t for t in changed if _is_assigned(t, before[t.id])])


def _is_assigned(task: Task, was: State | None) -> bool:
    """Whether it is open and somebody else's now, or waits for a key role's holder."""
    held = (task.assignee_id, task.assignee_key_role)
    return task.is_open and (was is None or held != (was["assignee_id"], was["assignee_key_role"]))


async def task_written(uow: UnitOfWork, outcome: Outcome) -> Task:
    """Raises what refused the row."""
    if outcome.error is not None:
        raise outcome.error
    return await tasks.get_task(uow, UUID(outcome.id or ""))
