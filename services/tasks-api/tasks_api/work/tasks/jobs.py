from functools import partial

from shared import held_work
from shared.events.base import Cause
from shared.service import Service
from tasks_api.work.tasks import queries, service

_BATCH = 200
_CLOCK = (Cause(type="system", id="clock", label="due time passed"),)


async def publish_breaches(running: Service) -> bool:
    """Publish `TaskBreached` once for every task whose due time passed while it was open."""
    async with running.units.across_workspaces(read_only=True) as scope:
        overdue = await queries.overdue_tasks(scope, _BATCH)
    for task in overdue:
        await held_work.attempt(
            running.units,
            task.workspace_id,
            _CLOCK,
            partial(service.publish_breach, task_id=task.id),
            step=queries.BREACHES,
            item=str(task.id),
            about={"task_id": str(task.id)},
        )
    return len(overdue) == _BATCH
