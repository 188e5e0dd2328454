"""What other services ask of records beside the statement that answers it."""

import statistics
import time
from collections.abc import Sequence
from uuid import UUID

from accounts_api.automation.judgements.schemas import JudgementsIn
from accounts_api.automation.judgements.service import judge
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import account_id, drawing, seed
from deploy.bench.sql import PREAMBLE, captured, psql
from deploy.bench.stage import Stage

ROUNDS = 20
MANY = 200
_REPEATED = 20
_RULES = {
    "big": "arr > 50000000",
    "german": 'country = "DE" and traits.t00 in ("gold", "platinum")',
    "soon": "any opportunities (is_closed = false and contract_expiration within next 90 days)",
    "people": "count(contacts) >= 3",
    "worded": 'name contains "company 0" or traits.t12 > 900000',
}


async def prepare(stage: Stage) -> None:
    await seed(stage)


async def one(stage: Stage) -> Result:
    return await _judged(stage, 1, "ratio >= 0.67: <= 1.5 x the SQL", explain=False)


async def many(stage: Stage) -> Result:
    return await _judged(stage, MANY, "ratio >= 0.83: <= 1.2 x the SQL", explain=False)


async def many_with_why(stage: Stage) -> Result:
    return await _judged(stage, MANY, "ratio >= 0.67: <= 1.5 x the SQL", explain=True)


async def _judged(stage: Stage, count: int, target: str, *, explain: bool) -> Result:
    service, draw = stage.service("accounts"), drawing(11)
    ours, sql = [], []
    empty = await psql(stage, "accounts", "select 1;")
    for _ in range(ROUNDS):
        ids = [account_id(number) for number in draw.sample(range(stage.scale), count)]
        asked = _asked(ids, explain=explain)
        with captured(service) as seen:
            began = time.perf_counter()
            async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
                await judge(uow, "sequencer", asked)
            ours.append(time.perf_counter() - began)
        script = seen.script(stage.workspace_id, read_only=True).replace(PREAMBLE, "")
        sql.append((await psql(stage, "accounts", script * _REPEATED) - empty) / _REPEATED)
    took, bare = statistics.median(ours), statistics.median(sql)
    return Result(
        unit="records",
        per_second=count / took,
        sql_per_second=count / bare,
        p50_ms=took * 1000,
        target=target,
    )


def _asked(ids: Sequence[UUID], *, explain: bool) -> JudgementsIn:
    rules = {**_RULES}
    return JudgementsIn(record_type="account", rules=rules, ids=list(ids), explain=explain)


CASES = (
    Case(f"judgement: one record by {len(_RULES)} rules", one),
    Case(f"judgement: {MANY} records by {len(_RULES)} rules", many),
    Case(f"judgement: {MANY} records, with why", many_with_why),
)
