"""Works off the agenda."""

from sequencer.agenda import service as agenda
from sequencer.entry import service as entry
from shared.events.base import Cause
from shared.faults import faultpoint
from shared.service import Service

_CLOCK = (Cause(type="system", id="clock", label="the time came to look again"),)


async def consider_due_records(service: Service) -> bool:
    """One batch of every workspace that has some, so that none waits for another."""
    worked = False
    for workspace_id in await agenda.workspaces_with_due_records(service):
        async with service.units.begin(workspace_id, _CLOCK) as uow:
            worked = await entry.consider_due(uow) > 0 or worked
            faultpoint("consider.before_commit")
    return worked
