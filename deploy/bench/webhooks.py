"""What partners live on: pages of the event feed, and events sent to their endpoints."""

import asyncio
import gc
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import aiohttp
from pydantic_core import to_json
from typing_extensions import override

from deploy.bench.load import Load, Request, drive
from deploy.bench.measuring import Case, Result
from deploy.bench.sql import PREAMBLE, captured, psql
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.clock import utc_now
from shared.events.base import Cause
from shared.ids import new_id
from shared.service import Service
from sync_worker.partners.partner_events.service import read_feed
from sync_worker.partners.webhook_deliveries import service as deliveries
from sync_worker.partners.webhook_deliveries.rules import body_of, signatures
from sync_worker.partners.webhook_sending.jobs import Sender
from sync_worker.partners.webhooks import service as webhooks
from sync_worker.partners.webhooks.rules import new_secret
from sync_worker.partners.webhooks.schemas import EndpointIn

ROUNDS = 5
_EVENTS = 20_000
_PAGE = 1_000
_PAGES = 10
_ENDPOINTS = 10
"""Five requests under way for each: fifty in all."""
_EACH = 400
_OPEN = 50
_TYPE = "account.updated"


async def prepare(stage: Stage) -> None:
    """Events as they are: a record with twenty traits, 1.2 kB each."""
    os.environ["TENURE_EGRESS_ALLOW"] = "127.0.0.0/8"
    at = utc_now()
    cause = to_json([{"type": "api_key", "id": str(uuid4()), "label": "Bench"}]).decode()
    async with stage.as_admin() as connection:
        await connection.execute("set search_path to sync, public")
        await connection.set_type_codec(
            "json", schema="pg_catalog", format="text", encoder=str, decoder=str
        )
        await connection.executemany(
            "insert into partner_events (workspace_id, id, type, data, cause, occurred_at)"
            " values ($1, $2, $3, $4, $5, $6)",
            [
                (stage.workspace_id, new_id(), _TYPE, _data(number), cause, at)
                for number in range(_EVENTS)
            ],
        )
        await connection.execute("vacuum analyze partner_events")


def _data(number: int) -> str:
    record = {
        "id": str(uuid4()),
        "external_id": f"bench-{number}",
        "name": f"Company {number}",
        "domain": f"company-{number}.example",
        "arr": number * 100,
        "currency": "USD",
        "lifecycle_status": "subscribed",
        "traits": {f"t{place:02}": f"text {place} of {number}" for place in range(20)},
        "key_roles": {"csm": [str(uuid4())]},
    }
    change = {"id": record["id"], "version": 2, "change": "updated", "changed": ["traits.t01"]}
    return to_json({**change, "merged_into": None, "record": record}).decode()


async def feed_page(stage: Stage) -> Result:
    """Ten pages of a thousand, one after the other, as a partner that backfills reads them."""
    service = stage.service("sync")
    principal = Cause(type="service", id="sync")
    caller = Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,))
    with captured(service) as seen:
        await read_feed(service, caller, "", None, _PAGE, 0)
    script = seen.script(stage.workspace_id, read_only=True).replace(PREAMBLE, "") * _PAGES
    await stage.start_web_process("accounts")  # which knows the keys
    process = await stage.start_web_process("sync")
    path = f"/v1/events?limit={_PAGE}"
    loads: list[Load] = []
    sql: list[float] = []
    for _ in range(ROUNDS):
        loads.append(
            await drive(process, lambda _: Request("GET", path), stage.headers(), times=_PAGES)
        )
        sql.append(_PAGES * _PAGE / await psql(stage, "sync", script))
    return Result(
        unit="events",
        per_second=statistics.median(load.per_second * _PAGE for load in loads),
        sql_per_second=statistics.median(sql),
        p50_ms=statistics.median(load.p50_ms for load in loads),
        p95_ms=statistics.median(load.p95_ms for load in loads),
        cpu_ms=statistics.median(load.cpu_ms for load in loads),
        target="ratio >= 0.5",
    )


async def fan_out(stage: Stage) -> Result:
    """Claimed, signed, sent and recorded, beside a loop of the same client that only sends."""
    service = stage.service("sync")
    _freeze()
    ours: list[float] = []
    bare: list[float] = []
    async with _sink() as url:
        await _add_endpoints(stage, service, url, count=_ENDPOINTS)
        sender = _Counting()
        for _ in range(ROUNDS):
            bare.append(await _bare(url, _ENDPOINTS * _EACH))
            await _make_deliveries(stage, service)
            ours.append(await _drained(sender, service))
        await _remove_endpoints(stage, service)
    return Result(
        unit="webhooks",
        per_second=statistics.median(ours),
        sql_per_second=statistics.median(bare),
        target="ratio >= 0.5 of a bare loop",
    )


async def slow_neighbour(stage: Stage) -> Result:
    """The same while one more endpoint never answers, beside without it."""
    service = stage.service("sync")
    _freeze()
    rates: dict[bool, list[float]] = {True: [], False: []}
    async with _sink() as url, _sleeper() as hanging:
        sender = _Counting()
        for round_number in range(2 * ROUNDS):
            slow = bool(round_number % 2)
            await _add_endpoints(stage, service, url, count=_ENDPOINTS)
            if slow:
                await _add_endpoints(stage, service, hanging, count=1)
            await _make_deliveries(stage, service)
            rates[slow].append(await _drained(sender, service))
            await _remove_endpoints(stage, service)
    return Result(
        unit="webhooks",
        per_second=statistics.median(rates[True]),
        sql_per_second=statistics.median(rates[False]),
        target="ratio >= 0.8 of the same alone",
    )


def _freeze() -> None:
    """As a worker does when it starts: see `shared.worker`."""
    gc.collect()
    gc.freeze()


async def _bare(url: str, times: int) -> float:
    """Fifty open at any time, as ours: the same bytes, signed anew each time, to the same sink."""
    secret = new_secret()
    body = body_of(uuid4(), _TYPE, utc_now().isoformat(), _data(1), "https://tenure.example")
    numbers = iter(range(times))
    began = time.perf_counter()

    async def one(session: aiohttp.ClientSession) -> None:
        for _ in numbers:
            at, webhook_id = int(time.time()), uuid4()
            headers = {
                "Content-Type": "application/json",
                "webhook-id": str(webhook_id),
                "webhook-timestamp": str(at),
                "webhook-signature": signatures([secret], webhook_id, at, body),
            }
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        await asyncio.gather(*(one(session) for _ in range(_OPEN)))
    return times / (time.perf_counter() - began)


class _Counting(Sender):
    """Knows how many were sent and recorded, so that nobody has to ask the database."""

    recorded = 0

    @override
    async def _turn_over(self, the_service: Service, free: int) -> None:
        ended = list(self._ended)
        await super()._turn_over(the_service, free)
        self.recorded += sum(each.verdict == "succeeded" for each in ended)


async def _drained(sender: _Counting, service: Service) -> float:
    """Deliveries a second, until all that can succeed have."""
    wanted = sender.recorded + _ENDPOINTS * _EACH
    began = time.perf_counter()
    while sender.recorded < wanted:
        await sender.step(service)
    return _ENDPOINTS * _EACH / (time.perf_counter() - began)


async def _add_endpoints(stage: Stage, service: Service, url: str, *, count: int) -> None:
    async with service.units.begin(stage.workspace_id, ()) as uow:
        for _ in range(count):
            await webhooks.create_endpoint(uow, service.secrets, EndpointIn(url=url))


async def _remove_endpoints(stage: Stage, service: Service) -> None:
    async with service.units.begin(stage.workspace_id, ()) as uow:
        for endpoint in await webhooks.list_endpoints(uow, None, 100):
            await webhooks.remove_endpoint(uow, endpoint.id)


async def _make_deliveries(stage: Stage, service: Service) -> None:
    """`_EACH` events to every endpoint, as if they had just been heard."""
    events = await _some_events(stage, _EACH)
    for event_id in events:
        async with service.units.begin(stage.workspace_id, ()) as uow:
            await deliveries.fan_out(uow, event_id, _TYPE, {}, is_new=True, is_quiet=False)
    async with stage.as_admin() as connection:
        await connection.execute("vacuum analyze sync.webhook_deliveries")


async def _some_events(stage: Stage, count: int) -> Sequence[UUID]:
    async with stage.as_admin() as connection:
        rows = await connection.fetch("select id from sync.partner_events limit $1", count)
    return [row["id"] for row in rows]


@asynccontextmanager
async def _sink() -> AsyncIterator[str]:
    """On a process of its own. Its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.bench.sink", stdout=asyncio.subprocess.PIPE
    )
    if process.stdout is None:
        raise RuntimeError("The sink has no output.")
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}/hooks"
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


@asynccontextmanager
async def _sleeper() -> AsyncIterator[str]:
    """A partner that accepts and never answers. Its address."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


CASES = (
    Case("event feed: pages of 1,000", feed_page),
    Case("webhooks: fan-out to 10 endpoints", fan_out),
    Case("webhooks: the same beside a hanging one", slow_neighbour),
)
