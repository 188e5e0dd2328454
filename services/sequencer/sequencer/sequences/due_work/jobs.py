"""What falls due: opportunities to evaluate again, and steps of enrollments. One batch of every
workspace that has some, so that none waits for another.
"""

from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.entry import service as entry
from sequencer.sequences.reevaluation_queue import service as queue
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

_TIME_CAME = (Cause(type="system", id="clock", label="the time came to look again"),)
_STEP_DUE = (Cause(type="system", id="clock", label="a step fell due"),)


async def reconcile_due_opportunities(service: Service) -> bool:
    waiting = await queue.workspaces_with_due_opportunities(service)
    return await service.units.in_each(waiting, _TIME_CAME, _reconcile_due, what="reevaluation")


async def _reconcile_due(uow: UnitOfWork) -> bool:
    reconciled = await entry.reconcile_due(uow)
    faultpoint("reconcile.before_commit")
    return reconciled > 0


async def plan_due_enrollments(service: Service) -> bool:
    waiting = await enrollments.workspaces_with_due_enrollments(service)
    return await service.units.in_each(waiting, _STEP_DUE, _plan_due, what="due-steps")


async def _plan_due(uow: UnitOfWork) -> bool:
    planned = await enrollments.plan_due(uow)
    faultpoint("tick.before_commit")
    return planned > 0
