"""A file of changes, quiet beside loud: what starts nothing must not cost more."""

import random
import statistics
import time

from accounts_api.automation.segments.schemas import SegmentIn
from accounts_api.automation.segments.service import create_segment
from accounts_api.customers.import_rows import executor
from accounts_api.customers.imports.schemas import ImportIn
from accounts_api.customers.imports.service import create_import, get_import, start_import
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import drawing, seed
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.events.base import Cause
from shared.quiet import Automation

ROUNDS = 3
ROWS = 2_000
SEGMENTS = 3
_MOST_ARR = 100_000_000


async def prepare(stage: Stage) -> None:
    """Segments between which the rows move their accounts."""
    await seed(stage)
    caller = _caller(stage)
    async with stage.service("accounts").units.begin(stage.workspace_id, caller.cause) as uow:
        for number in range(SEGMENTS):
            rule = f"arr > {_MOST_ARR * number // SEGMENTS}"
            body = SegmentIn(title=f"Size {number}", record_type="account", rule=rule)
            await create_segment(uow, body)
    await stage.settle()


def _caller(stage: Stage) -> Caller:
    principal = Cause(type="system", id="bench")
    return Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def quiet(stage: Stage) -> Result:
    """From the start to the last verdict that follows; the loud one stands in the place of bare
    SQL. Each is first in turn.
    """
    draw, took = drawing(9), dict[Automation, list[float]](quiet=[], run=[])
    for number in range(ROUNDS * 2):
        for automation in ("quiet", "run") if number % 2 else ("run", "quiet"):
            took[automation].append(await _imported(stage, draw, automation))
    ours, loud = statistics.median(took["quiet"]), statistics.median(took["run"])
    return Result(
        unit="rows",
        per_second=ROWS / ours,
        sql_per_second=ROWS / loud,
        p50_ms=ours * 1000,
        target="ratio >= 0.95: as fast as the loud one",
    )


async def _imported(stage: Stage, draw: random.Random, automation: Automation) -> float:
    service, caller = stage.service("accounts"), _caller(stage)
    lines = [
        f"bench-{number},{draw.randrange(_MOST_ARR)}\r\n"
        for number in draw.sample(range(stage.scale), ROWS)
    ]
    body = ImportIn(
        record_type="account",
        file_name="bench.csv",
        csv="".join(["external_id,arr\r\n", *lines]),
        automation=automation,
    )
    async with service.units.begin(stage.workspace_id, caller.cause) as uow:
        made = await create_import(uow, caller, body)
        await start_import(uow, caller, made["id"], None)
    began = time.perf_counter()
    while await executor.step(service):
        continue
    await stage.settle()
    took = time.perf_counter() - began
    async with service.units.begin(stage.workspace_id, (), read_only=True) as uow:
        job = await get_import(uow, made["id"])
    if job.updated != ROWS:
        raise RuntimeError(f"{job.updated} of {ROWS} rows were written: {job.failure}")
    return took


CASES = (Case(f"import of {ROWS:,} rows: quiet beside loud", quiet),)
