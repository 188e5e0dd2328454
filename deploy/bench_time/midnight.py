"""A day passes over accounts with five formulas that say today(): what midnight costs, and whom it
tells.
"""

import time
from datetime import timedelta
from typing import Any

from accounts_api.automation.segments.schemas import SegmentIn
from accounts_api.automation.segments.service import create_segment
from accounts_api.customers.traits.schemas import TraitIn
from accounts_api.customers.traits.service import create_trait
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import seed
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.clock import utc_now
from shared.events.base import Cause

FORMULAS = 5
_WORKED_OUT = """
    update accounts set traits = traits || (
        select jsonb_object_agg('left_' || n, (traits ->> 't18')::date - current_date + n)
        from generate_series(0, $2::int - 1) n)
    where workspace_id = $1
"""


async def prepare(stage: Stage) -> None:
    await seed(stage)
    async with stage.service("accounts").units.begin(
        stage.workspace_id, _caller(stage).cause
    ) as uow:
        for number in range(FORMULAS):
            formula = f"days_between(today(), traits.t18) + {number}"
            await create_trait(uow, _formula(number, formula))
    async with stage.as_admin() as connection:
        # What looking at every account five times would find.
        await connection.execute(_WORKED_OUT, stage.workspace_id, FORMULAS)
        await connection.execute(
            "update backfills set finished_at = clock_timestamp(), after_id = null, processed = $2"
            " where workspace_id = $1",
            stage.workspace_id,
            stage.scale,
        )
        await connection.execute("vacuum analyze accounts.accounts")
    await stage.settle()


def _formula(number: int, formula: str) -> TraitIn:
    named: dict[str, Any] = {"key": f"left_{number}", "title": f"Days left {number}"}
    return TraitIn(
        record_type="account", type="formula", result_type="number", formula=formula, **named
    )


def _caller(stage: Stage) -> Caller:
    principal = Cause(type="api_key", id=str(stage.workspace_id), label="Bench")
    return Caller(stage.workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def unseen(stage: Stage) -> Result:
    """No rule looks at the formulas."""
    return await _midnight(stage, "0 events, 0 changes, no work")


async def looked_at(stage: Stage) -> Result:
    """One segment looks at one of them: that one is followed."""
    rule = "traits.left_0 < -1000"
    async with stage.service("accounts").units.begin(
        stage.workspace_id, _caller(stage).cause
    ) as uow:
        await create_segment(uow, SegmentIn(title="Over", record_type="account", rule=rule))
    await stage.settle()
    return await _midnight(stage, "0 events, 0 changes; work as for one formula")


async def _midnight(stage: Stage, target: str) -> Result:
    now = utc_now()
    async with stage.as_admin() as connection:
        frozen = await connection.fetchval(
            "select coalesce(frozen_at, $2) + $3 from workspaces where workspace_id = $1",
            stage.workspace_id,
            now,
            timedelta(days=1),
        )
        await connection.execute("vacuum analyze accounts.rule_next_changes")
        before = await _noted(stage, connection)
        await connection.execute(
            "update workspaces set frozen_at = $2 where workspace_id = $1",
            stage.workspace_id,
            frozen,
        )
        began = time.perf_counter()
        await stage.settle()
        took = time.perf_counter() - began
        after = await _noted(stage, connection)
    events, changes = (now - then for now, then in zip(after, before, strict=True))
    if events or changes:
        raise RuntimeError(f"A day that passed has told {events} events and {changes} changes.")
    return Result(
        unit="records",
        per_second=stage.scale / took,
        p50_ms=took * 1000,
        target=target,
        more={"events": events, "changes": changes},
    )


async def _noted(stage: Stage, connection: Any) -> tuple[int, int]:
    """Of accounts: another group may have segments of opportunities that follow the days."""
    return (
        await connection.fetchval(
            "select count(*) from events where workspace_id = $1"
            " and payload ->> 'record_type' is distinct from 'opportunity'",
            stage.workspace_id,
        ),
        await connection.fetchval(
            "select count(*) from field_changes where workspace_id = $1", stage.workspace_id
        ),
    )


CASES = (
    Case("midnight: five formulas that nobody looks at", unseen),
    Case("midnight: one of them in a segment", looked_at),
)
