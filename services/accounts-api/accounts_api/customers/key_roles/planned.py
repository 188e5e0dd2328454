"""Holdings that do not begin now: said before their time and begun by the worker, or after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts_api.customers.key_roles import queries
from accounts_api.customers.key_roles.errors import PlanNotFound
from accounts_api.customers.key_roles.queries import DuePlan
from accounts_api.identity.members.service import active_members
from accounts_api.records.editing.edits import RULES, Edit, Outcome, escaped
from accounts_api.records.holdings.service import key_role_definitions
from accounts_api.records.requests.service import accepted
from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import state_of, write
from shared.batches import isolate_failures
from shared.errors import AppError, Fault, Invalid, check_version
from shared.events.base import Cause, chain_of
from shared.ids import new_id
from shared.logging import get_logger
from shared.service import Service
from shared.spelling import suggestion
from shared.uow import UnitOfWork

log = get_logger(__name__)

BATCH: Final = 200
CLOCK: Final = Cause(type="system", id="clock", label="the time came")


async def plan(
    uow: UnitOfWork,
    account_id: UUID,
    version: int | None,
    key: str,
    member_ids: Sequence[UUID],
    valid_from: datetime,
) -> Outcome:
    """Nothing changes before `valid_from`. Another plan for that very instant replaces this one."""
    state = await state_of(uow, ACCOUNT, account_id)
    if state is None or state["deleted"]:
        raise RecordNotFound("There is no account with this id.")
    check_version(version, state["version"])
    faults = await _faults(uow, key, member_ids)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    await queries.add_plan(
        uow,
        {
            "id": new_id(),
            "account_id": account_id,
            "key_role_key": key,
            "member_ids": sorted(set(member_ids)),
            "valid_from": valid_from,
            "cause": [link.model_dump(mode="json", exclude_none=True) for link in uow.cause],
        },
    )
    return Outcome("unchanged", str(account_id), state["external_id"], state["version"], state)


async def _faults(uow: UnitOfWork, key: str, member_ids: Sequence[UUID]) -> list[Fault]:
    roles = await key_role_definitions(uow)
    if key not in roles:
        message = f"There is no key role {key[:100]!r}."
        return [Fault("/path/key", "unknown_key_role", message, suggestion(key, roles))]
    faults = []
    if len(set(member_ids)) > 1 and not roles[key]:
        faults.append(Fault("/member_ids", "single_holder", "One member at a time holds it."))
    active = await active_members(uow, member_ids)
    return faults + [
        Fault(f"/member_ids/{place}", "unknown_member", "There is no such active member.")
        for place, member in enumerate(member_ids)
        if member not in active
    ]


def accepted_here(outcome: Outcome, key: str) -> Outcome:
    """Raises what refused the edit, with pointers into this request instead of into an account."""
    error, within = outcome.error, f"/key_roles/{escaped(key)}"
    if error is not None:
        error.faults = tuple(_moved(fault, within) for fault in error.faults)
    return accepted(outcome)


def _moved(fault: Fault, within: str) -> Fault:
    if fault.pointer == "/effective_at":
        return replace(fault, pointer="/valid_from")
    if fault.pointer != within and not fault.pointer.startswith(f"{within}/"):
        return fault
    if fault.code == "unknown_key_role":
        return replace(fault, pointer="/path/key")
    return replace(fault, pointer=f"/member_ids{fault.pointer.removeprefix(within)}")


async def cancel(uow: UnitOfWork, account_id: UUID, plan_id: UUID) -> None:
    if not await queries.cancel_plan(uow, account_id, plan_id):
        raise PlanNotFound("It has begun, was cancelled, or never was.")


async def step(service: Service) -> bool:
    """Begin what is due, in every workspace."""
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_with_due_plans(scope)
    return await service.units.in_each(waiting, [CLOCK], _begin_due, what="planned-holdings")


async def prepare_merges(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: what was planned for the loser will be planned for the winner;
    of two plans for one instant the winner's own is kept.
    """
    for change in changes:
        if change.merged_into is not None:
            await queries.cancel_doubled_plans(uow, change.id, change.merged_into)


async def _begin_due(uow: UnitOfWork) -> bool:
    due = await queries.claim_due_plans(uow, await uow.now(), BATCH)

    async def begin(plans: Sequence[DuePlan]) -> None:
        for one in plans:
            uow.cause = (*chain_of(one.cause), CLOCK)
            await _begin(uow, one)
            await uow.flush_events()

    async def refuse(one: DuePlan, _: Exception) -> None:
        await queries.end_plan(uow, one.id, AppError.code)

    await isolate_failures(uow, due, begin, refuse)
    return bool(due)


async def _begin(uow: UnitOfWork, one: DuePlan) -> None:
    """At its instant, however late the worker is; a change by hand since then is not undone."""
    last = await queries.last_change(uow, one.account_id, one.key)
    since = one.valid_from if last is None else max(one.valid_from, last)
    holders = [str(member) for member in one.member_ids]
    edit = Edit(
        mode="update",
        id=str(one.account_id),
        key_roles={one.key: holders},
        effective_at=since,
    )
    (outcome,) = await write(uow, ACCOUNT, [edit], RULES)
    refusal = None
    if outcome.error is not None:
        first = outcome.faults[0] if outcome.faults else None
        refusal = first.code if first else outcome.error.code
        log.info("a planned holding was refused", plan_id=str(one.id), code=refusal)
    await queries.end_plan(uow, one.id, refusal)
