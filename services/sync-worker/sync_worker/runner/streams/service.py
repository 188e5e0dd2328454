"""Reads streams page by page, whatever system they come from.

What a page holds takes effect in the transaction that keeps its checkpoint, so a lost answer, a
lost worker or a lost network costs the page under way and nothing else.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections.service import Opened
from sync_worker.connectors.base import (
    Checkpoint,
    Mode,
    Page,
    RecordSource,
    Row,
    Stream,
    StreamSchema,
    SystemTrouble,
    Unchanged,
)
from sync_worker.links.service import HttpLink
from sync_worker.runner.streams import queries
from sync_worker.runner.streams.queries import SCAN_EVERY, Place
from sync_worker.runner.turns.context import RunContext

__all__ = ["SCAN_EVERY"]

MOST_RESTARTS = 5
"""How often in a row a page may be lost without one that was kept in between."""
_DESCRIBED_FOR = 600.0
"""Seconds for which we remember what a source said of a stream."""

KeepPlace = Callable[[UnitOfWork], Awaitable[None]]


class Taker(Protocol):
    """Who lets the rows of a connection have their effect."""

    async def stream(self, name: str, *, anew: bool) -> Stream | None:
        """What to read of a stream; None when our user cannot see it. `anew` asks the source again
        what it looks like.
        """
        ...

    async def take(
        self, stream: Stream, rows: Sequence[Row], scan_id: UUID | None, keep: KeepPlace
    ) -> None:
        """Call `keep` in the transaction that keeps the rows."""
        ...

    async def mark_absent(self, uow: UnitOfWork, stream: str, scan_id: UUID) -> None:
        """All rows were met by the scan: those that were not are gone."""
        ...

    async def mark_gone(self, uow: UnitOfWork, stream: str, ids: Sequence[str]) -> None: ...


async def read_stream(context: RunContext, name: str, taker: Taker) -> None:
    """Bring our copy of a stream up to its source. Raises `SystemTrouble` or `LostLease`, or what
    `taker` raises; what was dealt with until then stays dealt with.
    """
    stream = await taker.stream(name, anew=context.kind == "full")
    if stream is None:
        return
    restarts = 0
    met: set[str] = set()
    while True:
        before = await _place(context, name)
        try:
            await _read_pages(context, stream, before, taker)
            break
        except SystemTrouble as error:
            meaning = error.trouble.meaning
            if meaning == "restart" and restarts < MOST_RESTARTS:
                moved = (await _place(context, name)).checkpoint != before.checkpoint
                restarts = 0 if moved else restarts + 1
                continue
            if meaning == "smaller" and await _ask_for_less(context, name):
                continue
            if meaning in met:
                raise
            met.add(meaning)
            if meaning == "config":
                # What we remember of the stream may be out of date: a field was hidden or removed.
                stream = await taker.stream(name, anew=True)
                if stream is None:
                    return
            elif meaning == "expired":
                await _forget(context, name)
            else:
                raise
    context.of(name).done = True


async def _read_pages(context: RunContext, stream: Stream, place: Place, taker: Taker) -> None:
    at, scan_id = place.checkpoint, place.scan_id
    if scan_id is None and place.needs_scan:
        at, scan_id = None, new_id()
    mode: Mode = "changes" if scan_id is None else "backfill"
    async for page in context.connector.read(context.link, stream, at, mode):
        if page.note is not None:
            context.of(stream.name).note = page.note
        keep = _keeping(context, stream.name, page, scan_id)
        if page.rows:
            await taker.take(stream, page.rows, scan_id, keep)
        else:
            async with context.commit() as uow:
                await keep(uow)
        if page.listed_everything and scan_id is not None:
            async with context.commit() as uow:
                where = uow, context.connection.id, stream.name
                await queries.end_scan(*where)
                await taker.mark_absent(uow, stream.name, scan_id)
            scan_id = None


def _keeping(context: RunContext, stream: str, page: Page, scan_id: UUID | None) -> KeepPlace:
    async def keep(uow: UnitOfWork) -> None:
        where = uow, context.connection.id, stream
        await queries.keep_place(*where, page.checkpoint, scan_id, page.complete_until)

    return keep


async def _place(context: RunContext, stream: str) -> Place:
    async with context.read_only() as uow:
        return await queries.place(uow, context.connection.id, stream)


async def _ask_for_less(context: RunContext, stream: str) -> bool:
    checkpoint = (await _place(context, stream)).checkpoint
    less = None if checkpoint is None else context.connector.recover(checkpoint)
    if less is None:
        return False
    async with context.commit() as uow:
        await _move(uow, context, stream, less)
    return True


async def _move(uow: UnitOfWork, context: RunContext, stream: str, checkpoint: Checkpoint) -> None:
    where = uow, context.connection.id, stream
    await queries.move_place(*where, checkpoint)


async def _forget(context: RunContext, stream: str) -> None:
    async with context.commit() as uow:
        await queries.forget_place(uow, context.connection.id, stream)


async def read_deletions(context: RunContext, name: str, taker: Taker) -> None:
    """Ask a source that keeps a log of deletions what left the stream. When its log does not reach
    back far enough, the next run reads everything and compares.
    """
    spec = context.connector.spec
    kind = spec.stream(name)
    checkpoint = (await _place(context, name)).checkpoint
    if spec.can.deletes != "feed" or kind is None or checkpoint is None:
        return
    stream = Stream(kind, StreamSchema(()))
    found = await context.connector.deletions(context.link, stream, checkpoint)
    if found is None:
        return
    async with context.commit() as uow:
        await taker.mark_gone(uow, name, found.ids)
        await _move(uow, context, name, found.checkpoint)
        if not found.complete:
            where = uow, context.connection.id, name
            await queries.ask_for_scan(*where)


async def read_everything(uow: UnitOfWork, connection_id: UUID) -> None:
    """All rows are read again, by the next run or the one that begins."""
    await queries.ask_for_scan(uow, connection_id)


# What a source shows of its streams


async def schema_of(
    service: Service,
    connection: Opened,
    connector: RecordSource,
    link: HttpLink,
    stream: str,
    *,
    anew: bool = False,
) -> StreamSchema | None:
    """What our user may see of a stream; None if it is not there for us. It is remembered for ten
    minutes, unless `anew`.
    """
    cause = [connection.cause]
    async with service.units.begin(connection.workspace_id, cause, read_only=True) as uow:
        known = await queries.described(uow, connection.id, stream, _DESCRIBED_FOR)
    if known is not None and known.is_fresh and not anew:
        return known.schema
    version = known.schema.version if known is not None and not anew else None
    schema = await connector.describe(link, stream, version)
    async with service.units.begin(connection.workspace_id, cause) as uow:
        where = uow, connection.id, stream
        if isinstance(schema, Unchanged):
            await queries.touch_description(*where)
            return known.schema if known is not None else None
        if schema is not None:
            await queries.keep_description(*where, schema)
    return schema


async def remembered_schema(
    service: Service, connection: Opened, stream: str
) -> StreamSchema | None:
    """What we last heard of a stream; the source is not asked."""
    cause = [connection.cause]
    async with service.units.begin(connection.workspace_id, cause, read_only=True) as uow:
        known = await queries.described(uow, connection.id, stream, _DESCRIBED_FOR)
    return None if known is None else known.schema
