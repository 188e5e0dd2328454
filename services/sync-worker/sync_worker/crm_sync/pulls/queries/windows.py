"""How far each object has been read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.crm_sync.pulls.queries.place import at


@dataclass(frozen=True)
class Window:
    """How far an object has been read; see the table."""

    cursor: datetime | None = None
    low: datetime | None = None
    high: datetime | None = None
    until: datetime | None = None
    last_modstamp: datetime | None = None
    last_id: str | None = None
    scan_id: UUID | None = None
    deleted_until: datetime | None = None
    needs_scan: bool = True

    @property
    def after(self) -> tuple[datetime, str] | None:
        if self.last_modstamp is None or self.last_id is None:
            return None
        return self.last_modstamp, self.last_id

    def as_open(self) -> "OpenWindow | None":
        if self.high is None or self.until is None:
            return None
        return OpenWindow(self.low, self.high, self.until, self.after, self.scan_id)


@dataclass(frozen=True)
class OpenWindow:
    """The part of a window that is being read."""

    low: datetime | None
    high: datetime
    until: datetime
    after: tuple[datetime, str] | None
    scan_id: UUID | None


_WINDOW = text(
    """
    select cursor, low, high, until, last_modstamp, last_id, scan_id, deleted_until,
           scanned_at is null or cursor is null
             or scanned_at < clock_timestamp() - make_interval(secs => :scan_every) as needs_scan
    from sync_windows
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_OPEN = text(
    """
    insert into sync_windows (workspace_id, connection_id, object, low, high, until, scan_id)
    values (:workspace_id, :connection_id, :object, :low, :until, :until, :scan_id)
    on conflict (workspace_id, connection_id, object) do update
    set low = excluded.low, high = excluded.high, until = excluded.until,
        scan_id = excluded.scan_id,
        last_modstamp = null, last_id = null, updated_at = clock_timestamp()
    """
)
_SHRINK = text(
    """
    update sync_windows set high = :high, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_MOVE = text(
    """
    update sync_windows
    set last_modstamp = :modstamp, last_id = :id, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_CLOSE = text(
    """
    update sync_windows
    set cursor = greatest(cursor, high),
        deleted_until = case when high = until and scan_id is not null then high
                        else deleted_until end,
        scanned_at = case when high = until and scan_id is not null then clock_timestamp()
                     else scanned_at end,
        scan_id = case when high < until then scan_id end,
        low = case when high < until then high end,
        high = case when high < until then until end,
        until = case when high < until then until end,
        last_modstamp = null, last_id = null, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_DELETED_UNTIL = text(
    """
    update sync_windows set deleted_until = :until
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)


_FORGET_SCANS = text(
    """
    update sync_windows set scanned_at = null
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (cast(:object as text) is null or object = :object)
    """
)
SCAN_EVERY = 86_400.0
"""Seconds after which all rows are read again: values that change without a stamp (formulas), and
rows that vanished without a word."""


async def window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str
) -> Window:
    where = at(workspace_id, connection_id, sobject)
    found = await session.execute(_WINDOW, {**where, "scan_every": SCAN_EVERY})
    row = found.mappings().one_or_none()
    return Window() if row is None else Window(**row)


async def open_window(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    low: datetime | None,
    until: datetime,
    scan_id: UUID | None,
) -> None:
    where = at(workspace_id, connection_id, sobject)
    await session.execute(_OPEN, {**where, "low": low, "until": until, "scan_id": scan_id})


async def shrink_window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str, high: datetime
) -> None:
    await session.execute(_SHRINK, {**at(workspace_id, connection_id, sobject), "high": high})


async def move_window(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    modstamp: datetime,
    last_id: str,
) -> None:
    where = at(workspace_id, connection_id, sobject)
    await session.execute(_MOVE, {**where, "modstamp": modstamp, "id": last_id})


async def close_window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str
) -> None:
    """End the part under way: the next part begins where it ended, or the window is done."""
    await session.execute(_CLOSE, at(workspace_id, connection_id, sobject))


async def forget_scans(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str | None = None
) -> None:
    """Ask for all rows of one object, or of all of them, to be read again."""
    await session.execute(
        _FORGET_SCANS,
        {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject},
    )


async def set_deleted_until(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str, until: datetime
) -> None:
    await session.execute(
        _DELETED_UNTIL, {**at(workspace_id, connection_id, sobject), "until": until}
    )
