"""The tasks that the product opens by itself: one open task for each cause."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from typing_extensions import Unpack

from shared.uow import UnitOfWork
from tasks_api.work.task_causes.rules import REFUSALS, REFUSED_BY, task_text
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rows import NewTask, Task, TaskChanges, TaskDetails


async def open_for_cause(
    uow: UnitOfWork,
    cause: str,
    dedupe_key: str,
    *,
    names: Mapping[str, str | None],
    reads_as: str | None = None,
    remarks: Sequence[str] = (),
    **details: Unpack[TaskDetails],
) -> Task:
    """The one open task of a cause. A second call refreshes what it shows and says when the `data`
    behind that changed, and nothing else.
    """
    text = task_text(reads_as or cause, **names)
    body = "\n\n".join([text.body, *remarks])
    new: NewTask = {
        **details,
        "title": text.title,
        "body": body,
        "cause": cause,
        "dedupe_key": dedupe_key,
    }
    task, is_new = await tasks.open_task(uow, new)
    data = details.get("data")
    if not is_new and data is not None and task.data != data:
        changes: TaskChanges = {"title": text.title, "body": body, "data": data}
        task = await tasks.refresh_task(uow, task, changes)
    return task


async def refused_entries(uow: UnitOfWork, opportunity_id: UUID) -> list[Task]:
    """Open tasks for those who asked the accounts service to enter the opportunity by hand."""
    keys = [f"{reason}:{opportunity_id}" for reason in REFUSALS]
    entries = await tasks.open_tasks_by_key(uow, keys)
    return [task for task in entries if task.opened_by["type"] == REFUSED_BY]
