"""A turn of one connection. What nobody foresaw costs that one, and is shown as its reason."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.batches import is_transient, reason_of
from shared.logging import get_logger
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.connections.service import Claim

log = get_logger(__name__)
T = TypeVar("T")


async def begun(
    service: Service, claim: Claim, begin: Callable[[UnitOfWork], Awaitable[T]]
) -> T | None:
    """What `begin` answers in a transaction of its own. When it raises, the answer is None, and the
    connection is released until its next turn.
    """
    try:
        async with service.units.begin(claim.workspace_id, []) as uow:
            return await begin(uow)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("turn not begun", connection_id=str(claim.connection_id))
        trouble = reason_of(error)
    async with service.units.begin(claim.workspace_id, []) as uow:
        await connections.release(uow, claim, trouble=trouble)
    return None
