from typing import Final

from accounts_api.evaluation.event_readers import queries
from shared.uow import UnitOfWork

HELD: Final = queries.HELD
"""For the first statement of a transaction that counts; a later statement sees all readers."""


async def hold_readers(uow: UnitOfWork) -> None:
    """Before something is counted: nobody begins to read events until this is over."""
    await queries.hold(uow)


async def lock_readers(uow: UnitOfWork) -> None:
    """Before a reader is registered: waits for those who count, and lets them wait."""
    await queries.lock(uow)
