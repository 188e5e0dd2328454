"""Tells the services that hold copies of records which fields time alone may change: what a copy
says of these is what they were when something of the record changed last.
"""

from accounts_api.customers.formulas import queries
from accounts_api.customers.formulas.moving import fields_that_may_move
from shared.events.traits import MovingFieldsChanged
from shared.uow import UnitOfWork


async def follow_shape(uow: UnitOfWork) -> None:
    """After the change of a trait or an object type. The first one of a workspace is told even when
    nothing moves, so that nobody has to assume that everything may.
    """
    await queries.wait_for_turn(uow)
    found = await fields_that_may_move(uow)
    fields = sorted(f"{record_type}.{what}" for record_type, what in found)
    version = await queries.store_moving_fields(uow, fields)
    if version is not None:
        uow.publish(MovingFieldsChanged(version=version, fields=fields))
