"""Pages of a query: which rows are in it is settled at once, what they say when a page is read."""

import itertools
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Any

from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.selection import Selection

LARGEST_PAGE, SMALLEST_BATCH = 2000, 200
WIDE = 40
"""Columns from which on the server makes pages smaller."""


@dataclass
class Cursor:
    selection: Selection
    ids: list[str]
    everything: bool
    batch: int
    opened_at: float
    pages_read: int = 0


def batch_size(header: str | None) -> int:
    """The page length that `Sforce-Query-Options: batchSize=…` asks for, within what is allowed."""
    name, _, number = (header or "").replace(" ", "").partition("=")
    if name.lower() != "batchsize" or not number.isdigit():
        return LARGEST_PAGE
    return min(max(int(number), SMALLEST_BATCH), LARGEST_PAGE)


class Cursors:
    def __init__(self, org: Org) -> None:
        self._org = org
        self._open: dict[str, OrderedDict[str, Cursor]] = defaultdict(OrderedDict)
        self._numbers = itertools.count(1)

    def clear(self) -> None:
        self._open.clear()

    def start(
        self, user_id: str, selection: Selection, base: str, *, everything: bool, batch: int
    ) -> dict[str, Any]:
        now = self._org.clock.now().timestamp()
        cursor = Cursor(selection, selection.ids(), everything, batch, now)
        locator = f"0r8Hn{next(self._numbers):010d}AAA"
        page = self._page(cursor, locator, 0, base)
        if not page["done"]:
            mine = self._open[user_id]
            mine[locator] = cursor
            while len(mine) > self._org.settings.open_cursors:
                mine.popitem(last=False)
        return page

    def resume(self, user_id: str, locator: str, base: str) -> dict[str, Any]:
        name, _, offset = locator.rpartition("-")
        mine = self._open[user_id]
        cursor = mine.get(name)
        now = self._org.clock.now().timestamp()
        if (
            cursor is None
            or not offset.isdigit()
            or int(offset) > len(cursor.ids)
            or now - cursor.opened_at > self._org.settings.locator_seconds
        ):
            mine.pop(name, None)
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        mine.move_to_end(name)
        return self._page(cursor, name, int(offset), base)

    def _page(self, cursor: Cursor, locator: str, offset: int, base: str) -> dict[str, Any]:
        end = offset + self._size(cursor)
        cursor.pages_read += 1
        rows = (self._org.peek(each) for each in cursor.ids[offset:end])
        records = [
            cursor.selection.render(row, base)
            for row in rows
            if row is not None and (cursor.everything or not row.get("IsDeleted"))
        ]
        page: dict[str, Any] = {"totalSize": len(cursor.ids), "done": end >= len(cursor.ids)}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{base}/query/{locator}-{end}"
        return page | {"records": records}

    def _size(self, cursor: Cursor) -> int:
        size = min(cursor.batch, LARGEST_PAGE * WIDE // max(cursor.selection.width, WIDE))
        if caps := self._org.settings.page_caps:
            size = min(size, caps[cursor.pages_read % len(caps)])
        return size
