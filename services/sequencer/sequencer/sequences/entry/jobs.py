"""Works off the reevaluation queue."""

from sequencer.sequences.entry import service as entry
from sequencer.sequences.reevaluation_queue import service as queue
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

_CLOCK = (Cause(type="system", id="clock", label="the time came to look again"),)


async def reconcile_due_opportunities(service: Service) -> bool:
    """One batch of every workspace that has some, so that none waits for another."""
    waiting = await queue.workspaces_with_due_opportunities(service)
    return await service.units.in_each(waiting, _CLOCK, _reconcile_due, what="reevaluation")


async def _reconcile_due(uow: UnitOfWork) -> bool:
    reconciled = await entry.reconcile_due(uow)
    faultpoint("reconcile.before_commit")
    return reconciled > 0
