"""Customer records: one read, a page, an edit, a creation, a bulk upsert."""

import contextlib
import random
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from pydantic_core import to_json

from accounts_api.customers.accounts.schemas import AccountIn, AccountPatch, AccountRow
from accounts_api.customers.accounts.service import accounts
from accounts_api.customers.querying.service import ListRequest, get_record, list_records
from accounts_api.records.requests.bodies import edit_of
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import write
from deploy.bench.load import Load, Request, drive
from deploy.bench.measuring import Case, Result, of_loads
from deploy.bench.seed import account, account_id, drawing, seed
from deploy.bench.sql import NEW, PREAMBLE, captured, pgbench, psql
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.clock import utc_now
from shared.events.base import Cause
from shared.service import Service

CONNECTIONS = 8
ROUNDS = 3
_BULK = 1_000
_BULK_ROUNDS = 5
_SAMPLES = 20
FILTER = 'country = "DE" and traits.t00 = "gold"'
SORT = "-arr"


async def prepare(stage: Stage) -> None:
    await seed(stage)


def _caller(stage: Stage) -> Caller:
    principal = Cause(type="api_key", id=str(stage.workspace_id), label="Bench")
    return Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def no_work(stage: Stage) -> Result:
    """What a request costs here and now without work; read other processor times beside it."""
    process = await stage.start_web_process("accounts")
    load = await drive(
        process,
        lambda _: Request("GET", "/livez"),
        {},
        seconds=stage.seconds,
        connections=CONNECTIONS,
    )
    return Result("requests", load.per_second, p95_ms=load.p95_ms, cpu_ms=load.cpu_ms)


async def read_one(stage: Stage) -> Result:
    draw = drawing(2)
    service, scripts = stage.service("accounts"), []
    for _ in range(_SAMPLES):
        with captured(service) as seen:
            async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
                await get_record(uow, ACCOUNT, record_id=account_id(draw.randrange(stage.scale)))
        scripts.append(seen.script(stage.workspace_id, read_only=True))

    def request(_: int) -> Request:
        return Request("GET", f"/v1/accounts/{account_id(draw.randrange(stage.scale))}")

    return await _rounds(stage, request, scripts, target="cpu <= 0.9 ms")


async def page_of_fifty(stage: Stage) -> Result:
    service = stage.service("accounts")
    with captured(service) as seen:
        async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
            await list_records(uow, ACCOUNT, ListRequest(filter=FILTER, sort=SORT), service.cursors)
    scripts = [seen.script(stage.workspace_id, read_only=True)]
    path = f"/v1/accounts?filter={quote(FILTER)}&sort={SORT}"
    return await _rounds(
        stage, lambda _: Request("GET", path), scripts, target="ratio >= 0.20, cpu <= 1.2 ms"
    )


async def page_in_order(stage: Stage) -> Result:
    """No filter: the first page of an index."""
    service = stage.service("accounts")
    with captured(service) as seen:
        async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
            await list_records(uow, ACCOUNT, ListRequest(sort=SORT), service.cursors)
    scripts = [seen.script(stage.workspace_id, read_only=True)]
    path = f"/v1/accounts?sort={SORT}"
    return await _rounds(
        stage, lambda _: Request("GET", path), scripts, target="ratio >= 0.20, cpu <= 1.2 ms"
    )


async def patch_one(stage: Stage) -> Result:
    """With its history, its event and a new ETag in the same transaction."""
    draw = drawing(3)
    service, scripts = stage.service("accounts"), []
    began = utc_now()
    for _ in range(_SAMPLES):
        with captured(service) as seen:
            async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
                body = AccountPatch(arr=draw.randrange(100_000_000), traits={"t10": 1})
                target = account_id(draw.randrange(stage.scale))
                await accounts.patch(uow, _caller(stage), target, None, body)
        scripts.append(seen.fresh(began).script(stage.workspace_id, read_only=False))

    def request(_: int) -> Request:
        body = {"arr": draw.randrange(100_000_000), "traits": {"t10": draw.randrange(1_000_000)}}
        path = f"/v1/accounts/{account_id(draw.randrange(stage.scale))}"
        return Request("PATCH", path, to_json(body), {"if-match": "*"})

    return await _rounds(stage, request, scripts, target="ratio >= 0.25")


async def create_one(stage: Stage) -> Result:
    """With an Idempotency-Key, its history and its event in the same transaction."""
    draw = drawing(4)
    service = stage.service("accounts")
    fields = account(0, draw) | {"external_id": NEW}
    began = utc_now()
    with captured(service) as seen:
        async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
            await accounts.create(uow, _caller(stage), AccountIn(**fields))
    script = seen.fresh(began).script(stage.workspace_id, read_only=False)
    tag = uuid4().hex

    def request(number: int) -> Request:
        body = account(number, draw) | {"external_id": f"{tag}-{number}-{draw.random()}"}
        headers = {"idempotency-key": f"{tag}-{number}-{draw.random()}"}
        return Request("POST", "/v1/accounts", to_json(body), headers)

    return await _rounds(stage, request, [script], target="ratio >= 0.20")


async def bulk_upsert(stage: Stage) -> Result:
    """A thousand rows at a time, each changing two fields of an account that exists."""
    draw = drawing(5)
    service, process = stage.service("accounts"), await stage.start_web_process("accounts")
    loads, sql = [], []
    memory = process.memory_mb()
    for _ in range(_BULK_ROUNDS):
        script = await _bulk_script(stage, service, _rows(stage, draw))
        sql.append(_BULK / await psql(stage, "accounts", script))
        body = to_json({"rows": _rows(stage, draw)})
        make = partial(_the_same, Request("POST", "/v1/accounts/bulk", body))
        loads.append(await drive(process, make, stage.headers(), times=1))
    rows = [_BULK * load.per_second for load in loads]
    return Result(
        unit="rows",
        per_second=statistics.median(rows),
        sql_per_second=statistics.median(sql),
        p50_ms=statistics.median(load.p50_ms for load in loads),
        cpu_ms=statistics.median(load.cpu_ms for load in loads),
        target="ratio >= 0.6",
        more={"memory_before_mb": memory, "memory_after_mb": process.memory_mb()},
    )


def _the_same(request: Request, _: int) -> Request:
    return request


def _rows(stage: Stage, draw: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "external_id": f"bench-{number}",
            "arr": draw.randrange(100_000_000),
            "traits": {"t11": draw.randrange(1_000_000)},
        }
        for number in draw.sample(range(stage.scale), _BULK)
    ]


class _NotKept(Exception):
    """Ends a transaction whose statements were only looked at."""


async def _bulk_script(stage: Stage, service: Service, rows: list[dict[str, Any]]) -> str:
    edits = [edit_of(ACCOUNT, AccountRow.model_validate(row)) for row in rows]
    with captured(service) as seen, contextlib.suppress(_NotKept):
        async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
            await write(uow, ACCOUNT, edits)
            await uow.flush_events()
            raise _NotKept
    return seen.script(stage.workspace_id, read_only=False).replace(PREAMBLE, "")


async def _rounds(
    stage: Stage, request: Callable[[int], Request], scripts: Sequence[str], *, target: str
) -> Result:
    process = await stage.start_web_process("accounts")
    loads: list[Load] = []
    sql: list[float] = []
    for _ in range(ROUNDS):
        loads.append(
            await drive(
                process,
                request,
                stage.headers(),
                seconds=stage.seconds,
                connections=CONNECTIONS,
            )
        )
        sql.append(await pgbench(stage, "accounts", scripts, clients=CONNECTIONS))
    return of_loads(loads, sql, target=target)


CASES = (
    Case("web process: a request without work", no_work),
    Case("account: read one", read_one),
    Case("account: page of 50, filtered and sorted", page_of_fifty),
    Case("account: page of 50, sorted", page_in_order),
    Case("account: change one", patch_one),
    Case("account: create one", create_one),
    Case("accounts: bulk upsert of 1,000", bulk_upsert),
)
