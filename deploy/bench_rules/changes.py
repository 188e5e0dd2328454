"""One change among five hundred rules, none of which sees it: it costs what it costs where there
are none.
"""

import statistics
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from accounts_api.automation.segments.schemas import SegmentIn
from accounts_api.automation.segments.service import create_segment
from accounts_api.customers.accounts.schemas import AccountIn, AccountPatch
from accounts_api.customers.accounts.service import accounts
from accounts_api.evaluation.engine import service as engine
from accounts_api.identity.workspaces.service import make_workspace
from deploy.bench.measuring import Case, Result
from deploy.bench.seed import account_id, drawing, seed
from deploy.bench.stage import Stage
from shared.auth import GRANTS, Caller
from shared.events.base import Cause

RULES = 500
SEEING = 5
ROUNDS = 60
_MOST_ARR = 100_000_000
_ALONE: list[tuple[UUID, UUID]] = []
"""A workspace without rules, with each of its accounts."""
_DRAW: Final = drawing(10)
"""Of all cases: what one has written, and another wrote again, would be no change."""


async def prepare(stage: Stage) -> None:
    """Most of the rules read what is not changed here, a few what is changed once."""
    await seed(stage)
    caller = _caller(stage.workspace_id)
    async with stage.service("accounts").units.begin(stage.workspace_id, caller.cause) as uow:
        for number in range(RULES):
            field = "traits.t10" if number < SEEING else "arr"
            rule = f"{field} > {_MOST_ARR + number}"
            body = SegmentIn(title=f"Rule {number:03}", record_type="account", rule=rule)
            await create_segment(uow, body)
    async with stage.as_admin() as connection:
        # None satisfies any: this is what looking at all of them would find.
        await connection.execute(
            "update backfills set finished_at = clock_timestamp(), after_id = null, processed = $2"
            " where workspace_id = $1",
            stage.workspace_id,
            stage.scale,
        )
    made = await make_workspace(stage.service("accounts"), "Alone", sandbox=False)
    caller = _caller(made.workspace_id)
    async with stage.service("accounts").units.begin(made.workspace_id, caller.cause) as uow:
        written = [
            await accounts.create(uow, caller, AccountIn(name=f"Account {number}"))
            for number in range(ROUNDS)
        ]
    _ALONE[:] = [(made.workspace_id, UUID(str(each.id))) for each in written]
    await stage.settle()


def _caller(workspace_id: UUID) -> Caller:
    principal = Cause(type="api_key", id=str(workspace_id), label="Bench")
    return Caller(workspace_id, principal, GRANTS["admin"], (principal,), role="admin")


async def unseen(stage: Stage) -> Result:
    """A name, which no rule reads."""
    return await _beside_alone(stage, _renamed, "ratio >= 0.67: <= 1.5 x alone")


async def seen_by_few(stage: Stage) -> Result:
    """A trait that five of the rules read."""
    return await _beside_alone(stage, _traits_changed, "follows the five")


def _renamed() -> AccountPatch:
    return AccountPatch(name=f"Renamed {_DRAW.randrange(_MOST_ARR)}")


def _traits_changed() -> AccountPatch:
    return AccountPatch(traits={"t10": _DRAW.randrange(_MOST_ARR)})


async def _beside_alone(stage: Stage, change: Callable[[], AccountPatch], target: str) -> Result:
    """Until what follows is known. A rename where there are no rules stands in the place of bare
    SQL, each in turn.
    """
    took, bare = [], []
    for number in range(ROUNDS):
        bare.append(await _change(stage, *_ALONE[number], _renamed()))
        here = account_id(_DRAW.randrange(stage.scale))
        took.append(await _change(stage, stage.workspace_id, here, change()))
    return Result(
        unit="changes",
        per_second=1 / statistics.median(took),
        sql_per_second=1 / statistics.median(bare),
        p50_ms=statistics.median(took) * 1000,
        target=target,
    )


async def _change(stage: Stage, workspace_id: UUID, target: UUID, patch: AccountPatch) -> float:
    service, caller = stage.service("accounts"), _caller(workspace_id)
    began = time.perf_counter()
    async with service.units.begin(workspace_id, caller.cause) as uow:
        await accounts.patch(uow, caller, target, None, patch)
    while await engine.step(service):
        continue
    return time.perf_counter() - began


CASES = (
    Case(f"rules: one change seen by none of {RULES}", unseen),
    Case(f"rules: one change seen by {SEEING} of {RULES}", seen_by_few),
)
