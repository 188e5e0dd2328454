"""Work on many items in one transaction, where what one of them raises costs only that one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from shared import sqlstates
from shared.db import is_connection_loss, sqlstate
from shared.errors import AppError, Unavailable
from shared.logging import get_logger
from shared.net.answers import OutgoingError
from shared.uow import UnitOfWork

log = get_logger(__name__)
T = TypeVar("T")
R = TypeVar("R")


async def each_at_its_own_risk(
    uow: UnitOfWork,
    items: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[R]],
    set_aside: Callable[[T, Exception], Awaitable[None]],
) -> list[R]:
    """Do `work` on all items together; if it raises, on each half by itself, down to the one item
    that is to blame. That one goes to `set_aside` with its error. Answers with what `work` answered
    for the others.

    Every try is a savepoint: what a failed one wrote and published is taken back, the locks that it
    took are gone. So lock what must not be lost before, and read what `work` needs inside of it.
    Trouble with the link or another writer is no item's fault: it leaves this function, and the
    transaction is lost.
    """
    if not items:
        return []
    cause, told = uow.cause, len(uow.events)
    try:
        async with uow.savepoint():
            return [await work(items)]
    except Exception as error:
        if is_passing(error):
            raise
        uow.take_back(told)
        failed = error
    finally:
        uow.cause = cause
    if len(items) == 1:
        log.warning("an item was set aside", item=repr(items[0])[:200], exc_info=failed)
        await set_aside(items[0], failed)
        return []
    middle = len(items) // 2
    return [
        *await each_at_its_own_risk(uow, items[:middle], work, set_aside),
        *await each_at_its_own_risk(uow, items[middle:], work, set_aside),
    ]


def reason_of(error: Exception) -> str:
    """What a person may be told: a refusal's own words, of anything else only what kind it is. Who
    asks has the error logged.
    """
    if isinstance(error, AppError):
        return error.detail or error.title
    if isinstance(error, ValidationError):
        places = (".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        named = ", ".join(dict.fromkeys(place for place in places if place))[:200]
        return (
            f"It does not have the form that this release reads. Look at: {named or 'all of it'}."
        )
    if isinstance(error, DBAPIError):
        return "The database did not take it; the log says why."
    return "Something unexpected went wrong on our side; the log says what."


def is_passing(error: Exception) -> bool:
    """Trouble with the link or with another writer."""
    return (
        isinstance(error, OutgoingError | Unavailable)
        or is_connection_loss(error)
        or sqlstate(error) in sqlstates.WRITERS_MET
    )
