"""Product events: a hundred at a time beside the bare rows, and lists among ten of each account."""

import random
import statistics
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from pydantic_core import to_json

from accounts_api.signals.event_lists.service import list_events
from accounts_api.signals.ingest.schemas import BatchIn
from accounts_api.signals.ingest.service import take_batch
from deploy.bench.load import Request, drive
from deploy.bench.measuring import Case, Result, of_loads
from deploy.bench.seed import account_id, drawing, seed
from deploy.bench.sql import PREAMBLE, captured, pgbench, psql
from deploy.bench.stage import Stage
from shared.clock import utc_now
from shared.lists.service import ListQuery

CONNECTIONS = 8
ROUNDS = 5
EACH = 10
_BATCH = 100
_BATCHES = 20
_NAMES = 20
_BARE = "insert into product_events "
_SEED = """
    insert into product_events (workspace_id, id, message_id, name, account_id, properties,
                                happened_at, counted_on, received_at)
    select $1, (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7' || substr(h, 14, 3) || '-8'
                || substr(h, 18, 3) || '-' || substr(h, 21, 12))::uuid, 'seed-' || n,
           'Event ' || n % $4::int, a.ids[1 + n % cardinality(a.ids)], '{"rows": 3}',
           at, at::date, clock_timestamp()
    from (select array_agg(id order by md5(id::text)) as ids from accounts
          where workspace_id = $1) a,
         generate_series(1, $2::int) n, md5(n::text) h,
         lateral (select $3::timestamptz - make_interval(secs => 31536000.0 * n / $2::int) as at) t
"""


async def prepare(stage: Stage) -> None:
    """A year of events, of every account about one a month."""
    await seed(stage)
    async with stage.as_admin() as connection:
        count = stage.scale * EACH
        await connection.execute(_SEED, stage.workspace_id, count, utc_now(), _NAMES)
        await connection.execute("vacuum analyze accounts.product_events")


async def of_an_account(stage: Stage) -> Result:
    """What one account did in the last ninety days."""
    rule = f'account_id = "{account_id(stage.scale // 2)}" and happened_at within last 90 days'
    return await _listed(stage, ListQuery(filter=rule))


async def of_a_name(stage: Stage) -> Result:
    """The latest events of one name, of a week in the middle of the year."""
    now = utc_now()
    first, last = (f"{now.year - 1}-{now:%m-%d}", f"{now:%Y-%m-%d}")
    rule = f'name = "Event 7" and happened_at >= {first} and happened_at <= {last}'
    return await _listed(stage, ListQuery(filter=rule, sort="happened_at"))


async def of_nobody(stage: Stage) -> Result:
    """A rule that no event satisfies and no index answers, beside a window of a month."""
    rule = 'message_id = "nobody" and happened_at within last 30 days'
    return await _listed(stage, ListQuery(filter=rule))


async def _listed(stage: Stage, query: ListQuery) -> Result:
    service, process = stage.service("accounts"), await stage.start_web_process("accounts")
    with captured(service) as seen:
        async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
            await list_events(uow, query, service.cursors)
    script = seen.script(stage.workspace_id, read_only=True)
    path = f"/v1/product-events?filter={quote(str(query.filter))}"
    path += f"&sort={query.sort}" if query.sort else ""
    loads, sql = [], []
    for _ in range(ROUNDS):
        make = partial(_the_same, Request("GET", path))
        seconds, headers = stage.seconds, stage.headers()
        load = await drive(process, make, headers, seconds=seconds, connections=CONNECTIONS)
        loads.append(load)
        sql.append(await pgbench(stage, "accounts", [script], clients=CONNECTIONS))
    return of_loads(loads, sql, target="p50 of one alone <= 20 ms")


def _the_same(request: Request, _: int) -> Request:
    return request


async def ingest(stage: Stage) -> Result:
    """Read, deduped, given to their accounts, counted by day and stored; beside it only the rows,
    as one statement for each batch.
    """
    draw, process = drawing(8), await stage.start_web_process("accounts")
    service, began = stage.service("accounts"), utc_now()
    with captured(service) as seen:
        async with service.units.begin(stage.workspace_id, ()) as uow:
            await take_batch(uow, BatchIn.model_validate(_batch(stage, draw)))
    seen.lines[:] = [line for line in seen.lines if line.startswith(_BARE)]
    script = seen.fresh(began).script(stage.workspace_id, read_only=False).replace(PREAMBLE, "")
    bare = f"\\set n 1000000\n{script}"
    rates, sql, cpu = [], [], []
    empty = await psql(stage, "accounts", "select 1;")
    for _ in range(ROUNDS):
        bodies = [to_json(_batch(stage, draw)) for _ in range(_BATCHES)]
        load = await drive(
            process, partial(_posted, bodies), stage.headers(), times=_BATCHES, connections=1
        )
        rates.append(load.per_second * _BATCH)
        cpu.append(load.cpu_ms / _BATCH)
        repeated = "\n".join(
            bare.replace(r"\set n 1000000", rf"\set n {draw.randrange(1, 10**12)}")
            for _ in range(_BATCHES)
        )
        took = await psql(stage, "accounts", repeated) - empty
        sql.append(_BATCHES * _BATCH / took)
    return Result(
        unit="events",
        per_second=statistics.median(rates),
        sql_per_second=statistics.median(sql),
        cpu_ms=statistics.median(cpu),
        target="ratio >= 0.5",
    )


def _batch(stage: Stage, draw: random.Random) -> dict[str, Any]:
    return {
        "batch": [
            {
                "type": "track",
                "messageId": uuid4().hex,
                "event": f"Event {draw.randrange(_NAMES)}",
                "properties": {"rows": draw.randrange(1000), "plan": "pro"},
                "context": {"groupId": f"bench-{draw.randrange(stage.scale)}"},
                "userId": f"bench-{draw.randrange(stage.scale)}",
            }
            for _ in range(_BATCH)
        ]
    }


def _posted(bodies: list[bytes], number: int) -> Request:
    return Request("POST", "/v1/batch", bodies[number])


CASES = (
    Case("product events: an account's last 90 days", of_an_account),
    Case("product events: a name in a window", of_a_name),
    Case("product events: a rule no index answers", of_nobody),
    Case(f"product events: {_BATCH} at a time", ingest),
)
