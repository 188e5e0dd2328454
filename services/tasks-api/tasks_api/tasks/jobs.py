from shared.events.base import Cause
from shared.service import Service
from tasks_api.tasks import queries, service

_BATCH = 200
_CLOCK = (Cause(type="system", id="clock", label="due time passed"),)


async def tell_breaches(running: Service) -> bool:
    """Tell once of every task whose due time passed while it was open."""
    async with running.units.across_workspaces(read_only=True) as session:
        overdue = await queries.overdue_tasks(session, _BATCH)
    for workspace_id, task_id in overdue:
        async with running.units.begin(workspace_id, _CLOCK) as uow:
            await service.tell_breach(uow, task_id)
    return len(overdue) == _BATCH
