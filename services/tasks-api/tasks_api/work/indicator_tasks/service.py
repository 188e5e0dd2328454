from typing import Final
from uuid import UUID

from shared.events.signals.indicators import IndicatorOpened, IndicatorReopened
from shared.uow import UnitOfWork
from tasks_api.work.indicator_tasks import queries
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rows import NewTask, TaskPriority

_CAUSE: Final = "indicator"
_CLEARED: Final = "cause_cleared"
_PRESSING: Final = 3
"""From this severity on a task is of high priority."""


async def follow_opening(uow: UnitOfWork, event: IndicatorOpened | IndicatorReopened) -> None:
    """The task that an indicator calls for. One that closed with the indicator is open again; one
    that a person ended stays so.
    """
    heard = await queries.hear(uow, event.indicator_id, event.version)
    if heard is None or event.call_to_action is None:
        return
    if heard.task_id is None:
        task, _ = await tasks.open_task(uow, _new_task(event))
        await queries.set_task(uow, event.indicator_id, task.id)
        return
    task = await tasks.get_task(uow, heard.task_id, lock=True)
    if (task.status, task.outcome) == ("closed", _CLEARED):
        await tasks.reopen(uow, task)


async def follow_end(uow: UnitOfWork, indicator_id: UUID, version: int) -> None:
    heard = await queries.hear(uow, indicator_id, version)
    if heard is not None:
        await tasks.close_by_key(uow, key_of(indicator_id))


async def follow_owner(
    uow: UnitOfWork, indicator_id: UUID, version: int, before: UUID | None, after: UUID | None
) -> None:
    """Who owned the indicator has its task; one that is somebody else's stays with them."""
    heard = await queries.hear(uow, indicator_id, version)
    if heard is None or heard.task_id is None or after is None:
        return
    task = await tasks.get_task(uow, heard.task_id, lock=True)
    if task.is_open and task.assignee_key_role is None and task.assignee_id == before:
        await tasks.reassign_task(uow, task.id, after)


def key_of(indicator_id: UUID) -> str:
    return f"indicator:{indicator_id}"


def _new_task(event: IndicatorOpened | IndicatorReopened) -> NewTask:
    call = event.call_to_action
    if call is None:
        raise AssertionError("it calls for nothing")
    priority: TaskPriority = "high" if event.severity >= _PRESSING else "normal"
    return {
        "title": call.title,
        "body": call.text,
        "priority": priority,
        "category": event.kind,
        "cause": _CAUSE,
        "dedupe_key": key_of(event.indicator_id),
        "opened_by": {"type": "indicator", "id": str(event.indicator_id)},
        "subject_type": event.record_type,
        "subject_id": event.record_id,
        "account_id": event.account_id,
        "assignee_id": None if call.assignee_key_role else event.owner_id,
        "assignee_key_role": call.assignee_key_role,
        "due_rule": None if call.due is None else {"business_days": call.due.business_days},
        "data": {
            "indicator_id": str(event.indicator_id),
            "definition_key": event.definition_key,
            "severity": event.severity,
        },
    }
