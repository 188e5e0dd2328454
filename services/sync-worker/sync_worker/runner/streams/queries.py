from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.uow import UnitOfWork
from sync_worker.connectors.base import Checkpoint, Field, StreamSchema

SCAN_EVERY = 86_400.0
"""Seconds after which all rows are read again: values that change without a stamp (formulas), and
rows that vanished without a word."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream has been read; see the table."""

    checkpoint: Checkpoint | None = None
    scan_id: UUID | None = None
    needs_scan: bool = True


@dataclass(frozen=True, slots=True)
class Described:
    schema: StreamSchema
    is_fresh: bool


_PLACE = text(
    """
    select checkpoint, scan_id,
           checkpoint is null or scanned_at is null
             or scanned_at < clock_timestamp() - make_interval(secs => :scan_every) as needs_scan
    from sync_streams
    where workspace_id = :workspace_id and connection_id = :connection_id and stream = :stream
    """
)
_KEEP = text(
    """
    insert into sync_streams as s (workspace_id, connection_id, stream, checkpoint, scan_id,
                                   complete_until)
    values (:workspace_id, :connection_id, :stream, cast(:checkpoint as jsonb), :scan_id,
            :complete_until)
    on conflict (workspace_id, connection_id, stream) do update
    set checkpoint = excluded.checkpoint, scan_id = excluded.scan_id,
        complete_until = greatest(s.complete_until, excluded.complete_until),
        updated_at = clock_timestamp()
    """
)
_MOVE = text(
    """
    update sync_streams
    set checkpoint = cast(:checkpoint as jsonb), updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and stream = :stream
    """
)
_END_SCAN = text(
    """
    update sync_streams set scan_id = null, scanned_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and stream = :stream
    """
)
_ASK_FOR_SCAN = text(
    """
    update sync_streams set scanned_at = null
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (cast(:stream as text) is null or stream = :stream)
    """
)
_FORGET = text(
    """
    update sync_streams set checkpoint = null, scan_id = null
    where workspace_id = :workspace_id and connection_id = :connection_id and stream = :stream
    """
)


async def place(uow: UnitOfWork, connection_id: UUID, stream: str) -> Place:
    where = {"connection_id": connection_id, "stream": stream}
    return await uow.row(Place, _PLACE, **where, scan_every=SCAN_EVERY) or Place()


async def keep_place(
    uow: UnitOfWork,
    connection_id: UUID,
    stream: str,
    checkpoint: Checkpoint,
    scan_id: UUID | None,
    complete_until: datetime | None,
) -> None:
    await uow.run(
        _KEEP,
        connection_id=connection_id,
        stream=stream,
        checkpoint=to_json(checkpoint).decode(),
        scan_id=scan_id,
        complete_until=complete_until,
    )


async def move_place(
    uow: UnitOfWork, connection_id: UUID, stream: str, checkpoint: Checkpoint
) -> None:
    """Another checkpoint; a scan that is under way goes on from it."""
    where = {"connection_id": connection_id, "stream": stream}
    await uow.run(_MOVE, **where, checkpoint=to_json(checkpoint).decode())


async def end_scan(uow: UnitOfWork, connection_id: UUID, stream: str) -> None:
    await uow.run(_END_SCAN, connection_id=connection_id, stream=stream)


async def ask_for_scan(uow: UnitOfWork, connection_id: UUID, stream: str | None = None) -> None:
    """All rows of one stream, or of all of them, are read again."""
    await uow.run(_ASK_FOR_SCAN, connection_id=connection_id, stream=stream)


async def forget_place(uow: UnitOfWork, connection_id: UUID, stream: str) -> None:
    """A checkpoint that is worth nothing any more: everything is read again."""
    await uow.run(_FORGET, connection_id=connection_id, stream=stream)


# What a source said of its streams

_DESCRIBED = text(
    """
    select fields, last_modified,
           described_at > clock_timestamp() - make_interval(secs => :seconds) as is_fresh
    from described_objects
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :stream
    """
)
_KEEP_DESCRIPTION = text(
    """
    insert into described_objects (workspace_id, connection_id, object, fields, last_modified)
    values (:workspace_id, :connection_id, :stream, cast(:fields as jsonb), :version)
    on conflict (workspace_id, connection_id, object) do update
    set fields = excluded.fields, last_modified = excluded.last_modified,
        described_at = clock_timestamp()
    """
)
_TOUCH = text(
    """
    update described_objects set described_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :stream
    """
)


@dataclass(frozen=True, slots=True)
class DescribedRow:
    fields: list[dict[str, Any]]
    last_modified: str | None
    is_fresh: bool


async def described(
    uow: UnitOfWork, connection_id: UUID, stream: str, fresh_seconds: float
) -> Described | None:
    """None also for what an earlier release kept in another form."""
    where = {"connection_id": connection_id, "stream": stream}
    row = await uow.row(DescribedRow, _DESCRIBED, **where, seconds=fresh_seconds)
    if row is None or not all("kind" in each for each in row.fields):
        return None
    fields = tuple(Field(**{**each, "choices": tuple(each["choices"])}) for each in row.fields)
    return Described(StreamSchema(fields, row.last_modified), row.is_fresh)


async def keep_description(
    uow: UnitOfWork, connection_id: UUID, stream: str, schema: StreamSchema
) -> None:
    fields: Sequence[object] = [asdict(each) for each in schema.fields]
    await uow.run(
        _KEEP_DESCRIPTION,
        connection_id=connection_id,
        stream=stream,
        fields=to_json(fields).decode(),
        version=schema.version,
    )


async def touch_description(uow: UnitOfWork, connection_id: UUID, stream: str) -> None:
    """The source said that nothing changed."""
    await uow.run(_TOUCH, connection_id=connection_id, stream=stream)
