"""Segments: what one change costs among two hundred, a full evaluation, and the clock's tick."""

import statistics
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.automation.segments.schemas import SegmentIn
from accounts_api.automation.segments.service import create_segment
from accounts_api.customers.accounts.schemas import AccountPatch
from accounts_api.customers.accounts.service import accounts
from accounts_api.evaluation.engine import service as engine
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import account_id, drawing, seed
from deploy.bench.sql import PREAMBLE, captured, psql
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.clock import utc_now
from shared.events.base import Cause

SEGMENTS = 200
FILLED = 5
"""Of them are filled by looking at every account. The rules of the others are satisfied by none,
which is what an evaluation would find, so they need none to begin with."""
DUE = 100
ROUNDS = 20
_REPEATED = 20
_MOST_ARR = 100_000_000
_SOON = "contract_expiration within next 90 days"


async def prepare(stage: Stage) -> None:
    await seed(stage)
    service = stage.service("accounts")
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        for number in range(SEGMENTS - FILLED):
            await create_segment(uow, _looking_at(f"Richer {number:03}", _MOST_ARR + number))
    async with stage.as_admin() as connection:
        await connection.execute(
            "update backfills set finished_at = clock_timestamp(), after_id = null, processed = $2"
            " where workspace_id = $1",
            stage.workspace_id,
            stage.scale,
        )
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        for number in range(FILLED):
            await create_segment(
                uow, _looking_at(f"Above {number}", _MOST_ARR * number // FILLED + 1)
            )
    await stage.settle()


def _looking_at(title: str, arr: int) -> SegmentIn:
    return SegmentIn(title=title, record_type="account", rule=f"arr > {arr} and traits.t15 = true")


def _caller(stage: Stage) -> Caller:
    principal = Cause(type="api_key", id=str(stage.workspace_id), label="Bench")
    return Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def one_change(stage: Stage) -> Result:
    """An account's ARR changes, which all of them look at: until every verdict is known."""
    service, draw = stage.service("accounts"), drawing(6)
    ours, sql = [], []
    empty = await psql(stage, "accounts", "select 1;")
    for _ in range(ROUNDS):
        target = account_id(draw.randrange(stage.scale))
        await _change(stage, target, draw.randrange(_MOST_ARR))
        await stage.settle()
        await _touch(stage, target)
        with captured(service) as seen:
            began = time.perf_counter()
            await engine.step(service)
            ours.append(time.perf_counter() - began)
        script = seen.script(stage.workspace_id, read_only=False).replace(PREAMBLE, "")
        # What psql needs to start would drown one run of it.
        sql.append((await psql(stage, "accounts", script * _REPEATED) - empty) / _REPEATED)
    took, bare = statistics.median(ours), statistics.median(sql)
    return Result(
        unit="changes",
        per_second=1 / took,
        sql_per_second=1 / bare,
        p50_ms=took * 1000,
        target="<= 15 ms, alike at every size",
        more={"database_ms": round(bare * 1000, 2)},
    )


async def _change(stage: Stage, target: UUID, arr: int) -> None:
    caller = _caller(stage)
    async with stage.service("accounts").units.begin(stage.workspace_id, caller.cause) as uow:
        await accounts.patch(uow, caller, target, None, AccountPatch(arr=arr))


async def _touch(stage: Stage, target: UUID) -> None:
    """The change heard once more, so that the same statements can be run again beside it."""
    async with stage.service("accounts").units.begin(stage.workspace_id, ()) as uow:
        await engine.record_change(uow, "account", ["arr"], [target], await uow.now())


async def full_evaluation(stage: Stage) -> Result:
    """A new segment from its creation to its last member."""
    service = stage.service("accounts")
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        made = await create_segment(uow, _looking_at("Evaluated", _MOST_ARR // 2))
    began_at = utc_now()
    with captured(service) as seen:
        began = time.perf_counter()
        await stage.settle()
        took = time.perf_counter() - began
    await _forget(stage, made.segment.id, began_at)
    script = seen.fresh(began_at).script(stage.workspace_id, read_only=False)
    bare = await psql(stage, "accounts", script.replace(PREAMBLE, r"\set n 1000000"))
    return Result(
        unit="records",
        per_second=stage.scale / took,
        sql_per_second=stage.scale / bare,
        p50_ms=took * 1000,
        target="<= 1.3 x the SQL: ratio >= 0.77",
    )


async def _forget(stage: Stage, segment_id: UUID, since: datetime) -> None:
    """As it was before it was filled, so that the same statements can fill it again."""
    async with stage.as_admin() as connection:
        for statement, value in (
            ("delete from segment_members where workspace_id = $1 and segment_id = $2", segment_id),
            ("delete from events where workspace_id = $1 and occurred_at >= $2", since),
        ):
            await connection.execute(statement, stage.workspace_id, value)


async def tick(stage: Stage) -> Result:
    """An opportunity segment that looks at the calendar: nothing due, then some."""
    service = stage.service("accounts")
    async with service.units.begin(stage.workspace_id, _caller(stage).cause) as uow:
        made = await create_segment(
            uow, SegmentIn(title="Soon", record_type="opportunity", rule=_SOON)
        )
    await stage.settle()
    async with stage.as_admin() as connection:
        await connection.execute("vacuum analyze accounts.rule_next_changes")
    idle, ours, sql = [], [], []
    empty = await psql(stage, "accounts", "select 1;")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await engine.step(service)
        idle.append(time.perf_counter() - began)
        ids = await _make_due(stage, made.segment.id)
        with captured(service) as seen:
            began = time.perf_counter()
            await engine.step(service)
            ours.append(time.perf_counter() - began)
        await _make_due(stage, made.segment.id, ids)
        script = seen.script(stage.workspace_id, read_only=False).replace(PREAMBLE, "")
        sql.append(await psql(stage, "accounts", script) - empty)
        await stage.settle()
    took, bare = statistics.median(ours), max(statistics.median(sql), 0.0001)
    return Result(
        unit="records",
        per_second=DUE / took,
        sql_per_second=DUE / bare,
        p50_ms=took * 1000,
        target="follows what is due; nothing due <= 5 ms",
        more={"nothing_due_ms": round(statistics.median(idle) * 1000, 2)},
    )


async def _make_due(stage: Stage, rule_id: UUID, ids: list[Any] | None = None) -> list[Any]:
    """Some records of the watch, or these once more. They turn out not to flip yet."""
    async with stage.as_admin() as connection:
        if ids is None:
            rows = await connection.fetch(
                "select record_id from rule_next_changes where workspace_id = $1 and rule_id = $2"
                f" order by next_change_at desc limit {DUE}",
                stage.workspace_id,
                rule_id,
            )
            ids = [row["record_id"] for row in rows]
        await connection.execute(
            "update rule_next_changes set next_change_at = date_trunc('second', clock_timestamp())"
            " where workspace_id = $1 and rule_id = $2 and record_id = any($3)",
            stage.workspace_id,
            rule_id,
            ids,
        )
    return ids


CASES = (
    Case(f"segments: one change seen by {SEGMENTS}", one_change),
    Case("segments: one filled", full_evaluation),
    Case(f"segments: the clock's tick, {DUE} due", tick),
)
