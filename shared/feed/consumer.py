"""The subscriber's side: pull a publisher's feed in order, each event taking effect exactly once.

The checkpoint moves in the transaction of the effect. An event whose handler fails five times is
set aside in `dead_events` with its reason, so that it blocks no other event. A lost connection or a
busy database is not the event's fault: the event is tried again until it passes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from prometheus_client import Counter, Gauge
from sqlalchemy import text

from shared.batches import reason_of
from shared.data import Transaction
from shared.events.base import Envelope
from shared.fault_points import faultpoint
from shared.feed.dead_events import store_dead_event
from shared.feed.reader import FeedPage
from shared.feed.subscriptions import Subscriptions, is_transient_or_timeout
from shared.logging import get_logger
from shared.net.answers import OutgoingError
from shared.settings import ServiceName
from shared.uow import UnitsOfWork

log = get_logger(__name__)

ReadPage = Callable[[ServiceName, str, int, int, int], Awaitable[FeedPage]]

MAX_FAILURES = 5
PAGE = 200
_BATCH = 50
LAG = Gauge("tenure_feed_behind_seconds", "Age of the newest event read", ["publisher"])
DEAD = Counter("tenure_dead_events_total", "Events set aside", ["publisher", "event"])


class LostRace(Exception):
    """Another worker moved the checkpoint first; its work stands."""


_READ = text("select cursor from checkpoints where publisher = :publisher and shard = :shard")
_CREATE = text(
    "insert into checkpoints (publisher, shard) values (:publisher, :shard) on conflict do nothing"
)
_MOVE = text(
    """
    update checkpoints
    set cursor = :cursor, failures = 0, last_error = null, moved_at = clock_timestamp()
    where publisher = :publisher and shard = :shard and cursor = :expected
    """
)
_FAIL = text(
    """
    update checkpoints set failures = failures + 1, last_error = :error
    where publisher = :publisher and shard = :shard and cursor = :expected
    returning failures
    """
)


@dataclass
class Consumer:
    """One shard of one publisher's feed."""

    publisher: ServiceName
    units: UnitsOfWork
    subscriptions: Subscriptions
    read_page: ReadPage
    shard: int = 0
    shards: int = 1
    group: str = ""
    """Set when one service reads the same feed for two purposes: each group has its checkpoint."""

    @property
    def _key(self) -> dict[str, str]:
        return {"publisher": self.publisher, "shard": f"{self.group}{self.shard}/{self.shards}"}

    async def step(self) -> bool:
        """Handle the next page. True when there may be more."""
        cursor = await self._checkpoint()
        try:
            page = await self.read_page(self.publisher, cursor, PAGE, self.shard, self.shards)
        except OutgoingError as error:
            log.warning("feed unavailable", publisher=self.publisher, error=str(error))
            return False
        try:
            for batch in _batches(page.data):
                cursor = await self._handle(batch, cursor)
        except LostRace:
            return True
        return page.has_more

    async def _checkpoint(self) -> str:
        async with self.units.across_workspaces() as scope:
            cursor = await scope.value(str, _READ, **self._key)
            if cursor is None:
                await scope.run(_CREATE, **self._key)
            return cursor or ""

    async def _handle(self, batch: list[Envelope], cursor: str) -> str:
        """Handle a batch of one workspace in one transaction; if that fails, one by one."""
        try:
            await self._apply(batch, cursor)
        except LostRace:
            raise
        except Exception as error:
            if is_transient_or_timeout(error):
                raise
            if len(batch) == 1:
                await self._failed(batch[0], cursor, error)
            else:
                for event in batch:
                    cursor = await self._handle([event], cursor)
        return batch[-1].cursor

    async def _apply(self, batch: list[Envelope], cursor: str) -> None:
        first = batch[0]
        async with self.units.begin(first.workspace_id, first.cause) as uow:
            await self._move(uow, cursor, batch[-1].cursor)
            for envelope in batch:
                await self.subscriptions.handle(uow, envelope)
            faultpoint("feed.before_commit")
        LAG.labels(self.publisher).set(batch[-1].recorded_at.timestamp())

    async def _move(self, uow: Transaction, expected: str, cursor: str) -> None:
        if not await uow.run(_MOVE, **self._key, cursor=cursor, expected=expected):
            raise LostRace

    async def _failed(self, event: Envelope, cursor: str, error: Exception) -> None:
        for _ in range(MAX_FAILURES):
            async with self.units.across_workspaces() as scope:
                failures = await scope.value(
                    int, _FAIL, **self._key, expected=cursor, error=reason_of(error)
                )
            if failures is None:
                raise LostRace
            if failures >= MAX_FAILURES:
                await self._set_aside(event, cursor, error)
                return
            await asyncio.sleep(0.1 * 2**failures)
            try:
                await self._apply([event], cursor)
            except LostRace:
                raise
            except Exception as next_error:
                if is_transient_or_timeout(next_error):
                    raise
                error = next_error
            else:
                return

    async def _set_aside(self, event: Envelope, cursor: str, error: Exception) -> None:
        async with self.units.begin(event.workspace_id, event.cause) as uow:
            await self._move(uow, cursor, event.cursor)
            await store_dead_event(uow, self.publisher, event, reason_of(error))
        DEAD.labels(self.publisher, event.name).inc()
        names = {"event_name": event.name, "event_id": str(event.id)}
        log.error("event set aside", **names, exc_info=error)


def _batches(page: Sequence[Envelope]) -> list[list[Envelope]]:
    """Consecutive events of one workspace, few enough for one transaction."""
    runs = [list(run) for _, run in groupby(page, key=lambda event: event.workspace_id)]
    return [run[at : at + _BATCH] for run in runs for at in range(0, len(run), _BATCH)]
