"""Health: one event to its label, a thousand accounts looked at, a list over all of them, and the
answers that say why.
"""

import statistics
import time
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from accounts_api.evaluation.engine import service as engine
from accounts_api.signals.health_definitions.schemas import HealthDefinitionsIn
from accounts_api.signals.health_definitions.service import replace_definitions
from accounts_api.signals.health_scores.schemas import HealthScoreIn
from accounts_api.signals.health_scores.service import create_score
from accounts_api.signals.ingest.schemas import BatchIn
from accounts_api.signals.ingest.service import take_batch
from accounts_api.signals.metrics.schemas import MetricIn
from accounts_api.signals.metrics.service import create_metric
from deploy.bench.load import Request, drive
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import account_id, drawing, seed
from deploy.bench.sql import PREAMBLE, captured, psql
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.clock import utc_now
from shared.events.base import Cause

EVENTS_EACH = 10
ROUNDS = 30
TOGETHER = 1_000
_NUMBERS = 4
_CHOICES = 4
_REPEATED = 10
_WINDOW = 7
_CONNECTIONS = 2
_LOGIN = "Signed In"
_DAYS = """
    insert into product_event_days (workspace_id, account_id, name, day, contact_id, count)
    select $1, a.id, $2, current_date - n, '00000000-0000-0000-0000-000000000000', 1 + n % 3
    from accounts a, generate_series(1, $3::int) n
    where a.workspace_id = $1 and hashtext(a.id::text) % 2 = 0
    on conflict do nothing
"""
_SCORES: dict[str, UUID] = {}


async def prepare(stage: Stage) -> None:
    """Half of the accounts were there in the last ten days. Ten measures: a metric, an amount, four
    numbers and four choices.
    """
    await seed(stage)
    async with stage.as_admin() as connection:
        await connection.execute(_DAYS, stage.workspace_id, _LOGIN, EVENTS_EACH)
        await connection.execute("vacuum analyze accounts.product_event_days")
    service, caller = stage.service("accounts"), _caller(stage)
    async with service.units.begin(stage.workspace_id, caller.cause) as uow:
        await take_batch(uow, BatchIn.model_validate(_logins(0, 1)))
    async with service.units.begin(stage.workspace_id, caller.cause) as uow:
        await create_metric(uow, MetricIn.model_validate(_METRIC))
    await stage.settle()
    _SCORES["overall"] = await _score(stage, "overall")
    await _replace(stage, _SCORES["overall"], 50)
    await stage.settle()


_METRIC = {
    "key": "weekly_logins",
    "title": "Logins of the week",
    "record_type": "account",
    "numerator": {"source": "events", "events": [_LOGIN], "window_days": _WINDOW},
}


def _caller(stage: Stage) -> Caller:
    principal = Cause(type="api_key", id=str(stage.workspace_id), label="Bench")
    return Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def _score(stage: Stage, key: str) -> UUID:
    service = stage.service("accounts")
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        body = HealthScoreIn(key=key, title=key, record_type="account")
        return (await create_score(uow, body)).id


async def _replace(stage: Stage, score_id: UUID, healthy_from: int) -> None:
    service = stage.service("accounts")
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        await replace_definitions(uow, score_id, _definitions(healthy_from), None)


def _definitions(healthy_from: int) -> HealthDefinitionsIn:
    numbers = [("arr", 100_000_000), *((f"traits.t{n}", 1_000_000) for n in range(10, 14))]
    measures: list[dict[str, Any]] = [
        {"key": f"n{place}", "input": name, "points": {"linear": {"from": 0, "to": most}}}
        for place, (name, most) in enumerate(numbers[: _NUMBERS + 1])
    ]
    measures += [
        {
            "key": f"c{n}",
            "input": f"traits.t0{n}",
            "points": {"values": {"bronze": 0, "silver": 40, "gold": 70, "platinum": 100}},
        }
        for n in range(_CHOICES)
    ]
    usage = {
        "key": "logins",
        "input": "metrics.weekly_logins",
        "points": {
            "bands": [{"points": 0}, {"from": 1, "points": 60}, {"from": 10, "points": 100}]
        },
    }
    return HealthDefinitionsIn.model_validate(
        {
            "definitions": [
                {
                    "key": "everyone",
                    "title": "Everyone",
                    "labels": [
                        {"key": "poor", "from": 0},
                        {"key": "healthy", "from": healthy_from},
                    ],
                    "groups": [
                        {"key": "usage", "weight": 60, "measures": [usage]},
                        {"key": "firm", "weight": 40, "measures": measures},
                    ],
                }
            ]
        }
    )


def _logins(number: int, count: int) -> dict[str, Any]:
    message = {"type": "track", "event": _LOGIN, "context": {"groupId": f"bench-{number}"}}
    return {"batch": [{**message, "messageId": uuid4().hex} for _ in range(count)]}


async def event_to_label(stage: Stage) -> Result:
    """Ten logins of an account that was away: counted, its metric and score moved, its label told.
    Beside it what of that is SQL, said again.
    """
    service, draw = stage.service("accounts"), drawing(21)
    took: list[float] = []
    for _ in range(ROUNDS):
        batch = BatchIn.model_validate(_logins(draw.randrange(stage.scale), 10))
        began = time.perf_counter()
        async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
            await take_batch(uow, batch)
        while await engine.step(service):
            continue
        took.append(time.perf_counter() - began)
    took.sort()
    return Result(
        unit="events",
        per_second=1 / statistics.median(took),
        p50_ms=statistics.median(took) * 1000,
        p95_ms=took[int(len(took) * 0.95)] * 1000,
        target="< 1 s at the 99th percentile, alike at every size",
        more={"slowest_ms": round(took[-1] * 1000, 1)},
    )


async def looked_at(stage: Stage) -> Result:
    """A thousand accounts whose inputs may have moved, ten measures each, and nothing has."""
    service, draw = stage.service("accounts"), drawing(22)
    ours, sql = [], []
    empty = await psql(stage, "accounts", "select 1;")
    for _ in range(_REPEATED):
        ids = [account_id(draw.randrange(stage.scale)) for _ in range(TOGETHER)]
        async with service.units.begin(stage.workspace_id, ()) as uow:
            await engine.record_change(uow, "account", ["traits.t10"], set(ids), await uow.now())
        with captured(service) as seen:
            began = time.perf_counter()
            await engine.step(service)
            ours.append(time.perf_counter() - began)
        script = seen.script(stage.workspace_id, read_only=False).replace(PREAMBLE, "")
        sql.append(await psql(stage, "accounts", script) - empty)
    took, bare = statistics.median(ours), statistics.median(sql)
    return Result(
        unit="accounts",
        per_second=TOGETHER / took,
        sql_per_second=TOGETHER / bare,
        p50_ms=took * 1000,
        target="<= 1.3 x the SQL: ratio >= 0.77",
    )


async def new_list(stage: Stage) -> Result:
    """From the edit of a list to the last account that it scores."""
    service = stage.service("accounts")
    score_id = await _score(stage, "second")
    await _replace(stage, score_id, 60)
    began_at = utc_now()
    with captured(service) as seen:
        began = time.perf_counter()
        await stage.settle()
        took = time.perf_counter() - began
    async with stage.as_admin() as connection:
        for table, column in (("health_scores", "score_id"), ("health_changes", "score_id")):
            statement = f"delete from {table} where workspace_id = $1 and {column} = $2"
            await connection.execute(statement, stage.workspace_id, score_id)
    script = seen.fresh(began_at).script(stage.workspace_id, read_only=False)
    bare = await psql(stage, "accounts", script.replace(PREAMBLE, r"\set n 1000000"))
    return Result(
        unit="accounts",
        per_second=stage.scale / took,
        sql_per_second=stage.scale / bare,
        p50_ms=took * 1000,
        target="<= 15 s at 100,000, <= 1.5 x the SQL: ratio >= 0.67",
    )


async def midnight(stage: Stage) -> Result:
    """Half of the accounts have a day that leaves the window; the rest costs nothing."""
    service = stage.service("accounts")
    async with stage.as_admin() as connection:
        due = await connection.execute(
            "update rule_next_changes set next_change_at = $2"
            " where workspace_id = $1 and next_change_at > $2",
            stage.workspace_id,
            utc_now(),
        )
    count = int(due.split()[-1])
    began = time.perf_counter()
    while await engine.step(service):
        continue
    took = time.perf_counter() - began
    return Result(
        unit="pairs due",
        per_second=count / took,
        p50_ms=took * 1000,
        target="30,000 pairs <= 60 s",
        more={"due": count},
    )


async def why(stage: Stage) -> Result:
    return await _read(stage, "health/overall/explain", "p50 of one alone <= 15 ms")


async def series(stage: Stage) -> Result:
    """Four hundred days of a metric of one account."""
    first = (utc_now() - timedelta(days=399)).date()
    path = f"/v1/metrics/weekly_logins/series?record_id={{id}}&from={first}"
    return await _read(stage, path, "p50 of one alone <= 20 ms")


async def _read(stage: Stage, path: str, target: str) -> Result:
    process, draw = await stage.start_web_process("accounts"), drawing(23)
    paths = []
    for _ in range(50):
        record_id = account_id(draw.randrange(stage.scale))
        own = path.format(id=record_id)
        paths.append(own if own.startswith("/") else f"/v1/accounts/{record_id}/{own}")
    load = await drive(
        process,
        partial(_one_of, paths),
        stage.headers(),
        seconds=stage.seconds,
        connections=_CONNECTIONS,
    )
    return Result(
        unit="requests",
        per_second=load.per_second,
        p50_ms=load.p50_ms,
        p95_ms=load.p95_ms,
        cpu_ms=load.cpu_ms,
        target=target,
    )


def _one_of(paths: list[str], number: int) -> Request:
    return Request("GET", paths[number % len(paths)])


CASES = (
    Case("health: ten events to a label", event_to_label),
    Case(f"health: {TOGETHER:,} accounts, ten measures", looked_at),
    Case("health: a new list over every account", new_list),
    Case("health: midnight", midnight),
    Case("health: why", why),
    Case("metrics: 400 days of one account", series),
)
