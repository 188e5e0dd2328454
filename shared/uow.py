"""One request, job or handled event is one transaction. Nothing below a route or a loop commits."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.data import Transaction
from shared.db import ALL_WORKSPACES, Database, is_connection_loss
from shared.errors import AppError
from shared.events.base import Cause, Envelope, Event
from shared.logging import get_logger
from shared.outbox import store_events

log = get_logger(__name__)
T = TypeVar("T")
Wiring = tuple[object, ...]
"""What a service's features do for each other: one object for each feature that asks others."""
FAILURES = Counter("tenure_workspace_failures_total", "Work of one workspace that failed", ["work"])

_CLOCK = text(
    "select workspace_now(:workspace_id) as now,"
    " coalesce((select time_zone from workspaces where workspace_id = :workspace_id),"
    " 'UTC') as zone"
)
_MACHINE_CLOCK = text("select clock_timestamp()")


@dataclass(frozen=True, slots=True)
class _Clock:
    now: datetime
    zone: str


class UnitOfWork(Transaction):
    """The transaction of one workspace: its statements, its clock, the events it will have
    caused.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        workspace_id: UUID,
        cause: Sequence[Cause],
        handled_event: Envelope | None = None,
        wiring: Wiring = (),
    ) -> None:
        super().__init__(connection, {"workspace_id": workspace_id})
        self.workspace_id = workspace_id
        self.cause = tuple(cause)
        self.handled_event = handled_event
        """The event being handled, when the transaction is an event's effect."""
        self.events: list[Event] = []
        self._wiring = wiring
        self._stored = 0
        self.feed_place: str | None = None
        """In this service's feed, of the last event of the transaction; known when it is over."""
        self.wakes_own_worker = False
        self._clock: tuple[datetime, ZoneInfo] | None = None

    def publish(self, *events: Event) -> None:
        """Tell others, if and only if this transaction commits."""
        self.events.extend(events)

    def take_back(self, told: int) -> None:
        """Forget all but the first `told` events: what the others tell of was rolled back."""
        del self.events[told:]
        self._stored = min(self._stored, told)

    def wake_worker(self) -> None:
        """Ring this service's own worker after the commit: there is a row for it to find."""
        self.wakes_own_worker = True

    def wired(self, part: type[T]) -> T:
        """The part of the service's wiring that has this type. Raises `LookupError` in a process
        that was handed none: to go on would leave out what others must do.
        """
        for one in self._wiring:
            if isinstance(one, part):
                return one
        raise LookupError(f"This process was handed no {part.__name__}.")

    async def now(self) -> datetime:
        """Workspace time, UTC: the frozen clock of a sandbox, else the database's clock when first
        asked for. Use it for every business decision; use it once a transaction has its locks.
        """
        return (await self._read_clock())[0]

    async def zone(self) -> ZoneInfo:
        return (await self._read_clock())[1]

    async def _read_clock(self) -> tuple[datetime, ZoneInfo]:
        if self._clock is None:
            clock = await self.one(_Clock, _CLOCK)
            self._clock = (clock.now, ZoneInfo(clock.zone))
        return self._clock

    async def fresh_now(self) -> datetime:
        """Workspace time read again, for a deadline that is judged after waiting for a lock."""
        self._clock = None
        return await self.now()

    async def machine_now(self) -> datetime:
        """The database's own clock at this moment, whatever a sandbox's says: for credentials,
        leases and whatever else no customer decides.
        """
        return await self.one_value(datetime, _MACHINE_CLOCK)

    async def flush_events(self) -> None:
        """Write what was published so far, with the cause of this moment."""
        fresh = self.events[self._stored :]
        if fresh:
            self.feed_place = await store_events(self, self.cause, fresh)
            self._stored = len(self.events)


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


class UnitsOfWork:
    """Opens units of work on one service's database and rings who must hear, after each commit."""

    def __init__(
        self,
        db: Database,
        after_commit: Callable[[Sequence[Event], bool], None],
        wiring: Wiring = (),
    ) -> None:
        self.db = db
        self._after_commit = after_commit
        self._wiring = wiring

    @asynccontextmanager
    async def begin(
        self,
        workspace_id: UUID,
        cause: Sequence[Cause],
        *,
        read_only: bool = False,
        handled_event: Envelope | None = None,
    ) -> AsyncIterator[UnitOfWork]:
        """Commit when the block ends, roll back when it raises.

        A refusal that `keeps_work` commits and is then raised on.
        """
        refusal: AppError | None = None
        async with self.db.transaction(workspace_id, read_only=read_only) as connection:
            uow = UnitOfWork(connection, workspace_id, cause, handled_event, self._wiring)
            try:
                yield uow
            except AppError as error:
                if not error.keeps_work:
                    raise
                refusal = error
            await uow.flush_events()
        if uow.events or uow.wakes_own_worker:
            self._after_commit(uow.events, uow.wakes_own_worker)
        if refusal is not None:
            raise refusal

    async def attempt(
        self,
        workspace_id: UUID,
        cause: Sequence[Cause],
        work: Callable[["UnitOfWork"], Awaitable[T]],
        *,
        what: str,
    ) -> T | None:
        """What `work` answers in a unit of its own; None when it failed, which is logged: others
        must not wait for it, and its rows are there at the next look. Raises when the database is
        lost.
        """
        try:
            async with self.begin(workspace_id, cause) as uow:
                return await work(uow)
        except Exception as error:
            if is_connection_loss(error):
                raise
            FAILURES.labels(what).inc()
            log.exception("work failed", work=what, workspace_id=str(workspace_id))
            return None

    async def in_each(
        self,
        workspaces: Iterable[UUID],
        cause: Sequence[Cause],
        work: Callable[["UnitOfWork"], Awaitable[bool]],
        *,
        what: str,
    ) -> bool:
        """Attempt `work` for each workspace; True when it did something for any."""
        did = [await self.attempt(each, cause, work, what=what) for each in workspaces]
        return any(did)

    @asynccontextmanager
    async def across_workspaces(self, *, read_only: bool = False) -> AsyncIterator[Transaction]:
        """For the named few that find, claim and settle due work of all workspaces; what follows
        from it for one of them belongs in `begin`.
        """
        async with self.db.transaction(ALL_WORKSPACES, read_only=read_only) as connection:
            yield Transaction(connection, {})
