"""The job: moves what a leaving member holds, some accounts in each transaction, and goes on where
it stopped.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from accounts_api.automation.assignments import evaluation
from accounts_api.automation.assignments.rules import Choice, Distribution
from accounts_api.automation.handovers import queries
from accounts_api.automation.handovers.models import Handover
from accounts_api.automation.handovers.queries import Held
from accounts_api.automation.handovers.service import plan_of
from accounts_api.identity.members import service as members
from accounts_api.records.editing.edits import RULES, Edit
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import write_each
from shared import held_work
from shared.events.accounts import MemberHandedOver
from shared.events.base import Cause, chain_of
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

BATCH: Final = 200
AT_ONCE: Final = 20
NOBODY: Final = "unassigned"


async def step(service: Service) -> bool:
    """The next batch of each handover that is under way."""
    async with service.units.across_workspaces(read_only=True) as scope:
        running = await queries.running(scope, AT_ONCE)
    worked = False
    for handover in running:
        # One that fails goes on from the same place later; the others go on now.
        went_on = await held_work.attempt(
            service.units,
            handover.workspace_id,
            (),
            partial(_go_on, handover_id=handover.id),
            step=queries.STEP,
            item=str(handover.id),
            about={"handover_id": str(handover.id)},
        )
        worked = bool(went_on) or worked
    return worked


async def _go_on(uow: UnitOfWork, handover_id: UUID) -> bool:
    job = await queries.claim(uow, handover_id)
    if job is None:
        return False
    member = await members.get_member(uow, job.member_id)
    origin = chain_of(job.cause)
    label = f"{member.full_name} hands over"
    uow.cause = (*origin, Cause(type="system", id=f"handover:{job.id}", label=label))
    found = await queries.accounts_held(
        uow,
        job.member_id,
        key=job.key_role_key or "",
        after=job.after_id,
        limit=BATCH,
    )
    if found:
        key = found[0].key_role_key
        await _move(uow, job, key, [row for row in found if row.key_role_key == key])
        return True
    await _hand_on_plans(uow, job)
    await queries.finish(uow, job.id)
    uow.publish(
        MemberHandedOver(
            handover_id=job.id,
            member_id=job.member_id,
            tasks_to=job.tasks_to,
            accounts=sum(sum(takers.values()) for takers in job.moved.values()),
        )
    )
    return True


async def _hand_on_plans(uow: UnitOfWork, job: Handover) -> None:
    """Holdings that were to begin with who leaves begin with who takes the role."""
    for plan in await queries.plans_for(uow, job.member_id):
        by_role = plan_of(job.successors, [plan.key_role_key]).by_role
        if plan.key_role_key not in by_role:
            continue
        choice = by_role[plan.key_role_key]
        desk = await evaluation.distribution(uow, plan.key_role_key, [choice] if choice else [])
        taker = desk.give(job.id, choice, 0) if choice else None
        kept = {*plan.member_ids, *([taker] if taker else [])} - {job.member_id}
        await queries.change_plan(uow, plan.id, sorted(kept))


async def _move(uow: UnitOfWork, job: Handover, key: str, accounts: Sequence[Held]) -> None:
    """Some accounts of one key role."""
    by_role = plan_of(job.successors, [key]).by_role
    choice = by_role.get(key)
    await queries.lock_key_role(uow, key)
    desk = await evaluation.distribution(uow, key, [choice] if choice else [])
    if key == job.key_role_key:
        desk.last[job.id] = job.last_member_id
    edits, takers = _edits(desk, job, key, choice, accounts if key in by_role else ())
    outcomes = await write_each(uow, ACCOUNT, edits, RULES) if edits else []
    moved = Counter(
        taker for taker, outcome in zip(takers, outcomes, strict=True) if outcome.error is None
    )
    faultpoint("handover_moved")
    known = Counter(job.moved.get(key, {})) + moved
    await queries.advance(
        uow,
        job.id,
        {
            "key_role_key": key,
            "after_id": accounts[-1].id,
            "last_member_id": desk.last.get(job.id),
            "processed": job.processed + len(accounts),
            "skipped": job.skipped + len(accounts) - sum(moved.values()),
            "moved": {**job.moved, key: dict(known)},
        },
    )


def _edits(
    desk: Distribution, job: Handover, key: str, choice: Choice | None, accounts: Sequence[Held]
) -> tuple[list[Edit], list[str]]:
    """What becomes of each account, and who takes it. One whom nobody is left for stays."""
    edits, takers = [], []
    for account in accounts:
        taker = desk.give(job.id, choice, account.revenue) if choice else None
        if choice is not None and taker is None:
            continue
        holders = {*account.holders, *([taker] if taker else [])} - {job.member_id}
        kept = [str(holder) for holder in sorted(holders)]
        edits.append(Edit(mode="update", id=str(account.id), key_roles={key: kept}))
        takers.append(str(taker) if taker else NOBODY)
    return edits, takers
