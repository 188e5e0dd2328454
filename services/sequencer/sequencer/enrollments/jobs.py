"""The tick: enrollments whose next step is due."""

from sequencer.enrollments import service as enrollments
from shared.events.base import Cause
from shared.faults import faultpoint
from shared.service import Service

CLOCK = (Cause(type="system", id="clock", label="a step fell due"),)


async def step_due_enrollments(service: Service) -> bool:
    """One batch of every workspace that has some, so that none waits for another."""
    worked = False
    for workspace_id in await enrollments.workspaces_with_due_enrollments(service):
        async with service.units.begin(workspace_id, CLOCK) as uow:
            worked = await enrollments.take_due(uow) > 0 or worked
            faultpoint("tick.before_commit")
    return worked
