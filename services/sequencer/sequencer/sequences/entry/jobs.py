"""Works off the agenda."""

from sequencer.sequences.entry import service as entry
from sequencer.sequences.reevaluation_queue import service as agenda
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

_CLOCK = (Cause(type="system", id="clock", label="the time came to look again"),)


async def consider_due_records(service: Service) -> bool:
    """One batch of every workspace that has some, so that none waits for another."""
    waiting = await agenda.workspaces_with_due_records(service)
    return await service.units.in_each(waiting, _CLOCK, _consider_due, what="reevaluation")


async def _consider_due(uow: UnitOfWork) -> bool:
    considered = await entry.consider_due(uow)
    faultpoint("consider.before_commit")
    return considered > 0
