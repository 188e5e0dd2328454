"""Salesforce's REST API as far as we use it.

Facts of the wire are in the vendor's REST API guide: errors are a list, instants have no colon in
their offset, `nextRecordsUrl` is relative to an instance that may move with each new session.
"""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from sync_worker.connectors.base import (
    Answer,
    Can,
    Checkpoint,
    Deletions,
    Field,
    Intent,
    Json,
    Link,
    Mode,
    Outcome,
    Page,
    Row,
    Spec,
    Stream,
    StreamSchema,
    SystemTrouble,
    Trouble,
    Unchanged,
    Value,
)
from sync_worker.connectors.kit.forms import Misshapen
from sync_worker.connectors.kit.windows import HANDFUL, Window, window_of
from sync_worker.connectors.salesforce import soql
from sync_worker.connectors.salesforce.answers import (
    SAVED,
    DeletedRows,
    Description,
    RowsPage,
    read,
)
from sync_worker.connectors.salesforce.auth import SalesforceAuth
from sync_worker.connectors.salesforce.errors import trouble_of, trouble_of_row
from sync_worker.connectors.salesforce.rows import (
    STREAMS,
    columns,
    encode,
    readable,
    readable_fields,
    rows_of,
)
from sync_worker.connectors.salesforce.settings import SalesforceConnectionIn

_NOT_FOUND = 404
_NOT_MODIFIED = 304
_TOGETHER = 200
"""Records in one request, the most that Salesforce takes."""
_BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)
"""Salesforce is from March 1999."""
_FEED_EVERY = timedelta(minutes=10)
_FEED_REACH = timedelta(days=14)
"""The log of deletions reaches 15 days back, less when there is much in it."""
_SHORTEST = timedelta(minutes=1)

SPEC: Final = Spec(
    key="salesforce",
    title="Salesforce",
    settings=SalesforceConnectionIn,
    can=Can(deletes="feed", merges=True, batch=_TOGETHER),
    streams=STREAMS,
    preset=json.loads((Path(__file__).parent / "standard.json").read_text(encoding="utf-8")),
    signs_in_by=frozenset({"login_url", "client_id", "username"}),
    clearable=frozenset({"currency"}),
    urls=("login_url",),
)


class Salesforce:
    spec = SPEC
    auth = SalesforceAuth()

    def method(self, secrets: Collection[str]) -> str:
        if "private_key" in secrets:
            return "jwt_bearer"
        return "refresh_token" if "refresh_token" in secrets else "client_credentials"

    def trouble(self, answer: Answer) -> Trouble | None:
        return trouble_of(answer.status, answer.headers, answer.body)

    def usage(self, headers: Mapping[str, str]) -> str | None:
        usage = headers.get("sforce-limit-info", "")
        if not usage.startswith("api-usage="):
            return None
        return usage.removeprefix("api-usage=").partition(";")[0]

    async def describe(
        self, link: Link, stream: str, known: str | None
    ) -> StreamSchema | Unchanged | None:
        answer = await link.get(
            f"{_base(link)}/sobjects/{stream}/describe",
            headers={"if-modified-since": known} if known else None,
            expected=(_NOT_FOUND, _NOT_MODIFIED),
        )
        if answer.status == _NOT_MODIFIED:
            return Unchanged()
        if answer.status == _NOT_FOUND:
            return None
        found = read(answer, Description, f"the question what a {stream} is")
        return StreamSchema(readable_fields(found.fields), answer.headers.get("last-modified"))

    async def read(
        self, link: Link, stream: Stream, at: Checkpoint | None, mode: Mode
    ) -> AsyncIterator[Page]:
        """A row that changed since its query began comes again in the next window."""
        window = window_of(at)
        everything = mode == "backfill"
        until = await _now(link) - timedelta(seconds=link.settings.get("lag_seconds", 120))
        while True:
            if not window.is_open or (everything and not window.everything):
                opened = window.opened(until, everything=everything)
                if opened is None:
                    return
                window = opened
                yield Page((), window.as_checkpoint())
            async for page in _pages_within(link, stream, window):
                window = window.moved(page.rows)
                yield replace(page, checkpoint=window.as_checkpoint())
            reached, is_whole = window.high, window.ends_everything
            window = window.closed()
            everything = everything and not is_whole
            yield Page(
                (),
                window.as_checkpoint(),
                complete_until=window.cursor,
                listed_everything=is_whole,
            )
            if reached is not None and reached >= until:
                return

    async def by_ids(self, link: Link, stream: Stream, ids: Sequence[str]) -> Sequence[Row]:
        query = soql.by_ids(stream.name, columns(stream), ids)
        return rows_of(stream, readable(await _rows(link, query)))

    async def newest(self, link: Link, stream: Stream, limit: int) -> Sequence[Row]:
        query = soql.sample(stream.name, columns(stream), limit)
        return rows_of(stream, readable(await _rows(link, query, deleted=False)))

    async def deletions(self, link: Link, stream: Stream, at: Checkpoint) -> Deletions | None:
        """What was purged from the recycle bin is in no query."""
        window = window_of(at)
        now = await _now(link)
        since = window.deleted_until or window.cursor
        if since is None or now - since < _FEED_EVERY:
            return None
        reaches = now - since < _FEED_REACH
        start = max(since, now - _FEED_REACH) - _SHORTEST
        asked = urlencode({"start": _offset(start), "end": _offset(now)})
        answer = await link.get(f"{_base(link)}/sobjects/{stream.name}/deleted/?{asked}")
        found = read(answer, DeletedRows, "the question what was deleted")
        window = replace(window, deleted_until=max(found.covered_until, since))
        is_complete = reaches and found.earliest <= since
        return Deletions(found.ids, window.as_checkpoint(), is_complete)

    def recover(self, at: Checkpoint) -> Checkpoint | None:
        halved = window_of(at).halved(_BEGINNING)
        return None if halved is None else halved.as_checkpoint()

    def encode(self, field: Field, value: Value) -> Json:
        return encode(field, value)

    async def write(self, link: Link, intents: Sequence[Intent]) -> Sequence[Outcome]:
        if len(intents) == 1:
            (one,) = intents
            path = f"{_base(link)}/sobjects/{one.stream}/{quote(one.id)}"
            await link.send("PATCH", path, dict(one.values))
            return [None]
        rows = [
            {"attributes": {"type": each.stream}, "Id": each.id, **each.values} for each in intents
        ]
        answer = await link.send(
            "PATCH", f"{_base(link)}/composite/sobjects", {"allOrNone": False, "records": rows}
        )
        results = read(answer, SAVED, "a change of records")
        if len(results) != len(intents):
            detail = "Salesforce answered for another number of records."
            raise SystemTrouble(Trouble("retry", detail))
        return [trouble_of_row(result) for result in results]


def _base(link: Link) -> str:
    return f"/services/data/{link.settings['api_version']}"


async def _now(link: Link) -> datetime:
    """Salesforce's clock: the edges of a window are never judged by ours, and never lie ahead."""
    if link.clock is None:
        await link.get("/services/data/")
    if link.clock is None:
        raise SystemTrouble(Trouble("retry", "Salesforce's answer had no date."))
    return link.clock


async def _pages_within(link: Link, stream: Stream, window: Window) -> AsyncIterator[Page]:
    """Pages without their checkpoints."""
    if window.high is None:
        return
    query = soql.changed_within(stream.name, columns(stream), window.low, window.high, window.after)
    async for found in _pages(link, query):
        usable = readable(found)
        note = None
        if len(usable) < len(found):
            lost = len(found) - len(usable)
            note = f"{lost} rows say no Id or SystemModstamp that can be read."
        rows = [row for row in rows_of(stream, usable) if row.changed_at <= window.high]
        for start in range(0, len(rows), HANDFUL):
            yield Page(rows[start : start + HANDFUL], {}, note=note)


async def _pages(
    link: Link, query: str, *, deleted: bool = True
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Rows of a query, with those in the recycle bin if `deleted`; pages vary in length."""
    path = f"{_base(link)}/{'queryAll' if deleted else 'query'}?q={quote(query, safe='')}"
    while True:
        page = read(await link.get(path), RowsPage, "a query")
        yield page.records
        if page.done:
            return
        if page.next_path is None or page.next_path == path:
            raise Misshapen("a Salesforce org", "a query", "/nextRecordsUrl")
        path = page.next_path


async def _rows(link: Link, query: str, *, deleted: bool = True) -> list[dict[str, Any]]:
    return [row async for page in _pages(link, query, deleted=deleted) for row in page]


def _offset(at: datetime) -> str:
    return soql.instant(at).replace("Z", "+00:00")
