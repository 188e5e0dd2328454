"""What is due after a count of business days moves when these days are others."""

from uuid import UUID

from shared.business_time import BusinessCalendar
from shared.uow import UnitOfWork
from tasks_api.records.history import service as history
from tasks_api.replica import service as replica
from tasks_api.work.due_instants import queries
from tasks_api.work.tasks.rules import TASK, due_instant


async def count_due_again(uow: UnitOfWork, member_id: UUID | None = None) -> None:
    """Business days are others now: of what is due after so many of them, and not due yet, the
    instant is counted again, by the calendar that counted it first. None is moved into the past.
    Without a member, everybody's.
    """
    now, moves, was = await uow.now(), {}, {}
    calendars: dict[UUID | None, BusinessCalendar] = {}
    for task in await queries.counted_tasks(uow, member_id):
        by = task.due_member_id
        if by not in calendars:
            calendars[by] = await replica.calendar_for(uow, by)
        try:
            due_at = due_instant(task.due_rule, task.authored_at, calendars[by])
        except (ValueError, TypeError):
            continue  # a rule that an older release left, or a day beyond the calendar
        if due_at is not None and due_at != task.due_at and due_at > now:
            moves[task.id], was[task.id] = due_at, task.due_at
    await queries.move_due(uow, moves)
    told = [(task_id, {"due_at": (was[task_id], due_at)}) for task_id, due_at in moves.items()]
    await history.record_changes(uow, TASK.name, told)
