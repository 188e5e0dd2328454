"""What a leaving member holds, who would take it, and the start of the job that moves it."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.assignments import evaluation
from accounts_api.automation.handovers import client, queries
from accounts_api.automation.handovers.models import Handover
from accounts_api.automation.handovers.queries import HeldRole
from accounts_api.automation.handovers.rules import Plan, choice_of, faults_of
from accounts_api.automation.handovers.schemas import HandoverIn
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.members import service as members
from accounts_api.records.holdings.service import stored_key_roles
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.ids import new_id
from shared.service import Service
from shared.settings import ServiceName
from shared.spelling import suggestion
from shared.uow import UnitOfWork
from shared.usages import Usage

MOST: Final = 200_000
"""Accounts that a preview goes through."""


class HandoverRunning(Conflict):
    code = "handover_running"
    title = "This member is handing over already"


class NoHandover(NotFound):
    code = "no_handover"
    title = "This member has not handed over"


class StillHolds(Conflict):
    code = "still_holds"
    title = "This member still holds key roles"


async def must_hold_nothing(uow: UnitOfWork, member_id: UUID) -> None:
    """Raises `StillHolds` with what is to be handed over first."""
    held = await queries.roles_held(uow, member_id)
    if held:
        raise StillHolds(
            "Hand it over first, or send `force=true`.", key_roles=[_role(row) for row in held]
        )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the other services say of a member; None: could not be asked."""

    tasks: dict[str, Any] | None
    enrollments: dict[str, Any] | None

    @property
    def not_asked(self) -> list[ServiceName]:
        said: dict[ServiceName, Any] = {"tasks": self.tasks, "sequencer": self.enrollments}
        return [peer for peer, answer in said.items() if answer is None]

    @property
    def with_mailbox(self) -> Collection[str] | None:
        return None if self.enrollments is None else self.enrollments["with_mailbox"]

    def as_json(self) -> dict[str, Any]:
        names = ("by_key_role", "own_mailbox")
        sending = self.enrollments
        return {
            "tasks": self.tasks,
            "enrollments": sending and {name: sending[name] for name in names},
            "not_asked": self.not_asked,
        }


async def ask_others(
    service: Service, caller: Caller, member_id: UUID, data: HandoverIn | None = None
) -> Elsewhere:
    """Not within a transaction."""
    named = set[UUID]()
    for one in [*data.successors.values(), data.default_successor] if data else ():
        named |= {*one.pool, *([one.member_id] if one.member_id else [])} if one else set()
    tasks, enrollments = await asyncio.gather(
        client.tasks_of(service, caller, member_id),
        client.enrollments_of(service, caller, member_id, named),
    )
    return Elsewhere(tasks, enrollments)


async def holdings(uow: UnitOfWork, member_id: UUID, elsewhere: Elsewhere) -> dict[str, Any]:
    """What a member would hand over."""
    await members.get_member(uow, member_id)
    held = await queries.roles_held(uow, member_id)
    return {
        "member_id": member_id,
        "key_roles": [_role(row) for row in held],
        "planned_holdings": await queries.planned_for(uow, member_id),
        "assignment_rules": await evaluation.RULES.find_usages(uow, "member", None, str(member_id)),
        **elsewhere.as_json(),
    }


async def preview(
    uow: UnitOfWork, member_id: UUID, data: HandoverIn, elsewhere: Elsewhere
) -> dict[str, Any]:
    """Who would get how much, counted by choosing as the job would choose now."""
    plan, held = await _planned(uow, member_id, data)
    roles = []
    for row in held:
        choice = plan.by_role[row.key_role]
        got, nobody = Counter[UUID](), 0
        found = await queries.accounts_held(
            uow,
            member_id,
            key=row.key_role,
            after=None,
            limit=MOST,
            only=True,
        )
        choices = [choice] if choice else []
        desk = await evaluation.distribution(uow, row.key_role, choices, with_books=True)
        for account in found:
            taker = desk.give(row.id, choice, account.revenue) if choice else None
            if taker is not None:
                got[taker] += 1
            else:
                nobody += account.holders == {member_id}
        takers = sorted(desk.loads.values(), key=lambda load: load.by_name)
        roles.append(
            {
                **_role(row),
                "successors": [_taker(load, got, elsewhere) for load in takers],
                "unassigned": nobody,
            }
        )
    return {"key_roles": roles, **elsewhere.as_json()}


def _taker(load: Any, got: Counter[UUID], elsewhere: Elsewhere) -> dict[str, Any]:
    boxes = elsewhere.with_mailbox
    return {
        "member_id": load.member_id,
        "full_name": load.name,
        "assigned": got[load.member_id],
        "total_accounts": load.accounts,
        "has_mailbox": None if boxes is None else str(load.member_id) in boxes,
    }


async def start(uow: UnitOfWork, member_id: UUID, data: HandoverIn) -> dict[str, Any]:
    """The worker moves the accounts, in batches; tasks and mails follow when it is done."""
    _, held = await _planned(uow, member_id, data)
    given = data.model_dump(mode="json")
    values = {
        "id": new_id(),
        "member_id": member_id,
        "successors": {
            "by_role": given["successors"],
            "default_successor": given["default_successor"],
        },
        "tasks_to": data.tasks_to,
        "total": sum(row.accounts for row in held),
        "cause": [link.model_dump(mode="json", exclude_none=True) for link in uow.cause],
    }
    async with refuse("uq_handovers_running", HandoverRunning("Wait until that one is done.")):
        made = await queries.add(uow, values)
    await audit_log.record(uow, "member.handover_started", "member", member_id, after=given)
    uow.wake_worker()
    return shown(made)


async def count_running(uow: UnitOfWork) -> int:
    return await queries.count_running(uow)


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The handovers to a member that run."""
    found = await queries.running_to(uow, UUID(key)) if what == "member" else []
    return [Usage("handover", str(each.id), each.full_name) for each in found]


async def last(uow: UnitOfWork, member_id: UUID) -> dict[str, Any]:
    await members.get_member(uow, member_id)
    found = await queries.last_of(uow, member_id)
    if found is None:
        raise NoHandover("No handover of this member was started.")
    return shown(found)


def shown(row: Handover) -> dict[str, Any]:
    names = ("id", "member_id", "state", "total", "moved", "tasks_to")
    return {
        **{name: getattr(row, name) for name in (*names, "started_at", "finished_at")},
        "processed": row.processed,
        "skipped": row.skipped,
    }


def _role(row: HeldRole) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("key_role", "title", "accounts", "revenue")}


async def _planned(
    uow: UnitOfWork, member_id: UUID, data: HandoverIn
) -> tuple[Plan, list[HeldRole]]:
    """Who takes what of what is held. Raises `Invalid` with every fault at once."""
    await members.get_member(uow, member_id)
    held = await queries.roles_held(uow, member_id)
    given = {f"/successors/{key}": one.model_dump() for key, one in data.successors.items()}
    if data.default_successor is not None:
        given["/default_successor"] = data.default_successor.model_dump()
    named = {one for way in given.values() for one in (*way["pool"], way["member_id"]) if one}
    if data.tasks_to is not None:
        named.add(data.tasks_to)
    active = await members.active_members(uow, named)
    faults = [
        fault
        for pointer, way in given.items()
        for fault in faults_of(way, pointer, member_id, active)
    ]
    if data.tasks_to is not None and data.tasks_to not in active - {member_id}:
        message = "No other active member has this id."
        faults.append(Fault("/tasks_to", "unknown_member", message))
    known = {role.key for role in await stored_key_roles(uow)}
    faults += [
        Fault(
            f"/successors/{key}",
            "unknown_key_role",
            f"There is no key role {key!r}.",
            suggestion(key, known),
        )
        for key in sorted(data.successors.keys() - known)
    ]
    if data.default_successor is None:
        faults += [
            Fault(
                f"/successors/{row.key_role}",
                "no_successor",
                f"They hold this on {row.accounts} accounts: say who takes it.",
            )
            for row in held
            if row.key_role not in data.successors
        ]
    if faults:
        raise Invalid("Nothing was begun. See `errors` for each fault.", faults=faults)
    ways = {key: way.model_dump() for key, way in data.successors.items()}
    others = data.default_successor.model_dump() if data.default_successor else None
    return plan_of(
        {"by_role": ways, "default_successor": others}, [row.key_role for row in held]
    ), held


def plan_of(successors: dict[str, Any], keys: Collection[str]) -> Plan:
    """From what was stored. A key role that nothing was said of is not in it, and stays."""
    ways = {key: successors["by_role"].get(key, successors["default_successor"]) for key in keys}
    return Plan({key: choice_of(way) for key, way in ways.items() if way is not None})
