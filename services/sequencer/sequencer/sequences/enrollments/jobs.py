"""The tick: enrollments whose next step is due."""

from sequencer.sequences.enrollments import service as enrollments
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

CLOCK = (Cause(type="system", id="clock", label="a step fell due"),)


async def step_due_enrollments(service: Service) -> bool:
    """One batch of every workspace that has some, so that none waits for another."""
    waiting = await enrollments.workspaces_with_due_enrollments(service)
    return await service.units.in_each(waiting, CLOCK, _take_due, what="due-steps")


async def _take_due(uow: UnitOfWork) -> bool:
    taken = await enrollments.take_due(uow)
    faultpoint("tick.before_commit")
    return taken > 0
