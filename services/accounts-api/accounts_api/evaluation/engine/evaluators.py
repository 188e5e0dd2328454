"""The features that watches belong to, and the order in which their kinds are judged."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from accounts_api.evaluation.engine.cycles import Gives
from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.depends import Sight
from shared.events.base import Cause
from shared.uow import UnitOfWork
from shared.usages import Usage

T = TypeVar("T")

EVALUATION_ORDER: Final = (
    # Whether a contact is out is a field like any other to all that follow.
    "deactivation",
    # So is the trait that a formula works out.
    "formula",
    # A status looks at fields, and segments and assignments look at statuses.
    "lifecycle",
    # A segment looks at all of the above, and assignments look at segments.
    "segment",
    # Last, because it hands accounts to people: it should look at what is settled.
    "stewardship",
)
"""Kinds of watches, those that decide what others look at first. Each kind reads what the ones
before it have written in the same transaction. Where one looks the other way, at a kind that comes
later, that one's change is queued and the next batch judges it again.
"""


def in_order(by_kind: Mapping[str, T]) -> list[tuple[str, T]]:
    return sorted(by_kind.items(), key=lambda item: EVALUATION_ORDER.index(item[0]))


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a record is judged again: since when that holds, in workspace time, and its cause."""

    at: datetime
    cause: tuple[Cause, ...]
    resumed: bool = False
    """Its account was ignored and is no longer: it is back, and nothing new happened to it."""


Affected = Mapping[UUID, Mapping[UUID, Origin]]
"""Records by watch, each with why it is looked at."""
Judge = Callable[[UnitOfWork, Affected, Moment], Awaitable[int]]
"""Works out the verdicts as of the moment, stores what follows and the new horizons; the number of
verdicts that differed."""
Users = Callable[[UnitOfWork, Sequence[UUID], Sight], Awaitable[Sequence[Usage]]]
SetAside = Callable[[UnitOfWork, UUID, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Owner:
    """The feature that watches of one kind belong to."""

    judge: Judge
    users: Users
    """Who among the watches sees something, as a refusal to delete it names them."""
    set_aside: SetAside
    """Lets a watch stand still that cannot be judged, and shows why."""
    gives: Gives | None = None
    """What others can see of what its watches decide."""


@dataclass(frozen=True, slots=True)
class Owners:
    by_kind: Mapping[str, Owner]


@asynccontextmanager
async def caused_by(uow: UnitOfWork, cause: Sequence[Cause]) -> AsyncIterator[None]:
    """What is written and published inside carries `cause`."""
    before = uow.cause
    await uow.flush_events()
    uow.cause = tuple(cause)
    try:
        yield
        await uow.flush_events()
    finally:
        uow.cause = before
