from functools import partial

from shared import held
from shared.events.base import Cause
from shared.service import Service
from tasks_api.work.tasks import queries, service

_BATCH = 200
_CLOCK = (Cause(type="system", id="clock", label="due time passed"),)


async def tell_breaches(running: Service) -> bool:
    """Tell once of every task whose due time passed while it was open."""
    async with running.units.across_workspaces(read_only=True) as scope:
        overdue = await queries.overdue_tasks(scope.session, _BATCH)
    for workspace_id, task_id in overdue:
        await held.attempt(
            running.units,
            workspace_id,
            _CLOCK,
            partial(service.tell_breach, task_id=task_id),
            step=queries.BREACHES,
            item=str(task_id),
            about={"task_id": str(task_id)},
        )
    return len(overdue) == _BATCH
