"""Work on many items in one transaction, where an item that fails costs only itself."""

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


async def isolate_failures(
    uow: UnitOfWork,
    items: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[R]],
    handle_failure: Callable[[T, Exception], Awaitable[None]],
) -> list[R]:
    """Do `work` on all items together. If it raises, each half is tried by itself, down to the one
    item that fails; that item goes to `handle_failure` with its error. Returns what `work` returned
    for the others.

    Every attempt is a savepoint: what a failed attempt wrote and published is undone, and its locks
    are released. So take locks that must last before the call, and read what `work` needs inside
    it. A lost connection or a conflict with another writer is no item's fault: it leaves this
    function, and the transaction is lost.
    """
    if not items:
        return []
    cause, event_count = uow.cause, len(uow.events)
    try:
        async with uow.savepoint():
            return [await work(items)]
    except Exception as error:
        if is_transient(error):
            raise
        uow.take_back(event_count)
        failure = error
    finally:
        uow.cause = cause
    if len(items) == 1:
        log.warning("an item was set aside", item=repr(items[0])[:200], exc_info=failure)
        await handle_failure(items[0], failure)
        return []
    middle = len(items) // 2
    return [
        *await isolate_failures(uow, items[:middle], work, handle_failure),
        *await isolate_failures(uow, items[middle:], work, handle_failure),
    ]


def reason_of(error: Exception) -> str:
    """The reason that a person may read: a refusal's own words; of any other error only its kind.
    The caller logs the error.
    """
    if isinstance(error, AppError):
        return error.detail or error.title
    if isinstance(error, ValidationError):
        places = (".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
        fields = ", ".join(dict.fromkeys(place for place in places if place))[:200]
        return (
            f"It does not have the form that this release reads. Look at: {fields or 'all of it'}."
        )
    if isinstance(error, DBAPIError):
        return "The database did not take it; the log says why."
    return "Something unexpected went wrong on our side; the log says what."


def is_transient(error: Exception) -> bool:
    """Whether trying again may help: the connection was lost, or two writers met."""
    return (
        isinstance(error, OutgoingError | Unavailable)
        or is_connection_loss(error)
        or sqlstate(error) in sqlstates.WRITERS_MET
    )
