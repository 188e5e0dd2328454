"""Reading by stamps: pure arithmetic of windows.

A window ends `lag` behind the system's clock and begins ten minutes before the last one ended,
because a row gets its stamp before its transaction commits. Inside a window rows come by (stamp,
id), so rows that share an instant have an order and a lost answer costs nothing but itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sync_worker.connectors.base import Checkpoint, Row, SystemTrouble, Trouble

FORMAT: Final = 1
OVERLAP: Final = timedelta(minutes=10)
HANDFUL: Final = 500
"""Rows of one page: what is dealt with again when a worker is lost."""
_SMALLEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """How far a stream has been read, by the system's clock.

    Up to `cursor` every row has been dealt with. `low` to `high` is the part under way of a window
    that ends at `until`; `after` is the last row of it that has been dealt with. All are empty
    between windows. `everything` marks a window over all rows. Up to `deleted_until` the log of
    deletions has been read.
    """

    cursor: datetime | None = None
    low: datetime | None = None
    high: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, str] | None = None
    everything: bool = False
    deleted_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.high is not None

    def opened(self, until: datetime, *, everything: bool) -> "Window | None":
        """None when there is nothing to read yet."""
        if everything or self.cursor is None:
            return replace(self, low=None, high=until, until=until, after=None, everything=True)
        if until < self.cursor:
            return None
        low = self.cursor - OVERLAP
        return replace(self, low=low, high=until, until=until, after=None, everything=False)

    def moved(self, rows: Sequence[Row]) -> "Window":
        """A row that changes while its page waits to be read carries a stamp out of its order, but
        never one before the window's end.
        """
        settled = (
            row for row in reversed(rows) if self.high is not None and row.changed_at < self.high
        )
        last = next(settled, None)
        return self if last is None else replace(self, after=(last.changed_at, last.id))

    @property
    def ends_everything(self) -> bool:
        """Once this part is closed, all rows have been met."""
        return self.everything and self.high == self.until

    def closed(self) -> "Window":
        """The part under way has been dealt with: the next part begins where it ended, or the
        window is done.
        """
        if self.high is None or self.until is None:
            return self
        cursor = self.high if self.cursor is None else max(self.cursor, self.high)
        if self.high < self.until:
            return replace(self, cursor=cursor, low=self.high, high=self.until, after=None)
        deleted_until = self.high if self.everything else self.deleted_until
        return Window(cursor, deleted_until=deleted_until)

    def halved(self, beginning: datetime) -> "Window | None":
        """Less to ask for, after a query that took too long; None when there is no less."""
        if self.high is None:
            return None
        low = self.after[0] if self.after else self.low or beginning
        if self.high - low <= _SMALLEST:
            return None
        return replace(self, high=low + (self.high - low) / 2)

    def as_checkpoint(self) -> Checkpoint:
        given = {
            "cursor": self.cursor,
            "low": self.low,
            "high": self.high,
            "until": self.until,
            "deleted_until": self.deleted_until,
        }
        made: Checkpoint = {name: at.isoformat() for name, at in given.items() if at is not None}
        if self.after is not None:
            made["after"] = [self.after[0].isoformat(), self.after[1]]
        return {"format": FORMAT, **made, "everything": self.everything}


def window_of(at: Checkpoint | None) -> Window:
    """Raises `SystemTrouble` for a checkpoint that this release cannot read."""
    if at is None:
        return Window()
    try:
        if at["format"] != FORMAT:
            raise ValueError(f"Format {at['format']} is not known.")
        return _read(at)
    except (KeyError, TypeError, ValueError) as error:
        detail = "Where it was left cannot be read: everything is read again."
        raise SystemTrouble(Trouble("expired", detail)) from error


def _read(at: Mapping[str, Any]) -> Window:
    def instant(name: str) -> datetime | None:
        return datetime.fromisoformat(at[name]) if name in at else None

    stamp, last_id = at.get("after", (None, None))
    return Window(
        cursor=instant("cursor"),
        low=instant("low"),
        high=instant("high"),
        until=instant("until"),
        after=None if stamp is None else (datetime.fromisoformat(stamp), str(last_id)),
        everything=bool(at.get("everything")),
        deleted_until=instant("deleted_until"),
    )
