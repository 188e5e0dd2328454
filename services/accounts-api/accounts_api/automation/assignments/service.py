"""What one may ask of assignment rules. How accounts get holders is in `standing`."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.assignments import evaluation, queries
from accounts_api.automation.assignments.queries import AssignmentRule
from accounts_api.automation.assignments.rules import Choice, keeps
from accounts_api.automation.assignments.schemas import (
    AssignmentPreviewIn,
    AssignmentRuleIn,
    AssignmentRulePatch,
)
from accounts_api.customers.key_roles import service as key_roles
from accounts_api.evaluation.engine import rule_input
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.rule_sets import service as rule_sets
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.language.rules.syntax.json_codec import read_json, write_json
from accounts_api.language.rules.syntax.stored import shown_rule
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from accounts_api.records.schema import record_catalog
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.uow import UnitOfWork
from shared.usages import Usage

SAMPLES: Final = 20
MOST: Final = 50
"""Rules of one key role."""
_AUDITED: Final = ("title", "position", "rule", "member_id", "algorithm", "pool", "policy")


class AssignmentRuleNotFound(NotFound):
    code = "assignment_rule_not_found"
    title = "There is no such assignment rule"


class AssignmentTitleTaken(Conflict):
    code = "assignment_rule_title_taken"
    title = "Another assignment rule of this key role has this title"


class TooManyRules(Conflict):
    code = "too_many_assignment_rules"
    title = "A key role has at most fifty assignment rules"


class NoRules(Conflict):
    code = "no_assignment_rules"
    title = "This key role has no assignment rules"


async def users_of(uow: UnitOfWork, what: str, _: str | None, key: str) -> Sequence[Usage]:
    """A finder: the rules of a key role itself."""
    if what != "key_role":
        return ()
    found = await queries.rules_of_key(uow.session, uow.workspace_id, key)
    return [Usage("assignment_rule", str(rule.id), rule.title) for rule in found]


NO_ELIGIBLE_MEMBER: Final = {
    "code": "no_eligible_member",
    "message": "Everybody whom this rule could choose has left.",
}


async def shown(uow: UnitOfWork, rules: Sequence[AssignmentRule]) -> list[dict[str, Any]]:
    named = {member for rule in rules for member in evaluation.choice_of(rule).named}
    here = await queries.active_members(uow.session, uow.workspace_id, sorted(named))
    return [_shown(rule, here) for rule in rules]


def _shown(rule: AssignmentRule, here: frozenset[UUID]) -> dict[str, Any]:
    found = shown_rule(rule.rule, rule.faults)
    if not evaluation.choice_of(rule).named & here:
        found["faults"] = [*found["faults"], NO_ELIGIBLE_MEMBER]
    same = ("id", "position", "title", "member_id", "algorithm", "pool", "policy")
    stamps = ("version", "created_at", "updated_at")
    return {
        **{name: getattr(rule, name) for name in (*same, *stamps)},
        **found,
    }


async def list_rules(uow: UnitOfWork, key_role_id: UUID) -> dict[str, Any]:
    """In their order, with the progress of the last look at every account."""
    await key_roles.get_key_role(uow, key_role_id)
    found = await rule_sets.all_of(uow, queries.RULES, key_role_id=key_role_id)
    return {"data": await shown(uow, found), "progress": await look_at(uow, key_role_id)}


async def look_at(uow: UnitOfWork, key_role_id: UUID) -> dict[str, Any] | None:
    sweep = (await watching.sweeps_of(uow, [key_role_id])).get(key_role_id)
    if sweep is None:
        return None
    wanted = await queries.look_of(uow.session, uow.workspace_id, key_role_id)
    own = wanted if wanted is not None and wanted.run == sweep.run else None
    return {
        "purpose": own.mode if own else "recheck",
        **sweep.as_json(),
        "assigned": own.assigned if own else 0,
        "unassigned": own.unassigned if own else 0,
    }


async def get_rule(uow: UnitOfWork, key_role_id: UUID, rule_id: UUID) -> AssignmentRule:
    await key_roles.get_key_role(uow, key_role_id)
    return await _found(uow, key_role_id, rule_id)


async def create_rule(uow: UnitOfWork, key_role_id: UUID, data: AssignmentRuleIn) -> AssignmentRule:
    """Accounts that enter its set from now on get a holder; those in it already when applied."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    known = await rule_sets.all_of(uow, queries.RULES, key_role_id=key_role_id)
    if len(known) >= MOST:
        raise TooManyRules("Make one rule of several, or delete one.")
    values = await _checked(uow, data.model_dump())
    if values["position"] is None:
        values["position"] = max((rule.position for rule in known), default=0) + 1
    values["key_role_id"] = key_role_id
    async with _titled(data.title):
        stored = await rule_sets.add(uow, queries.RULES, values)
    await _watch(uow, key_role_id)
    audit_log.record(
        uow, "assignment_rule.created", "assignment_rule", stored.id, after=_audited(stored)
    )
    return stored


async def update_rule(
    uow: UnitOfWork,
    key_role_id: UUID,
    rule_id: UUID,
    data: AssignmentRulePatch,
    version: int | None,
) -> AssignmentRule:
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    before = await _found(uow, key_role_id, rule_id)
    check_version(version, before.version)
    changes = data.changes()
    if changes.get("algorithm") is not None:
        changes.setdefault("member_id", None)
    elif changes.get("member_id") is not None:
        changes |= {"algorithm": None, "pool": []}
    missing = [name for name in ("title", "position", "rule") if changes.get(name, "") is None]
    if missing:
        faults = [Fault(f"/{name}", "required", "Every rule has one.") for name in missing]
        raise Invalid(faults=faults)
    stay = evaluation.choice_of(before).named
    wanted = await _checked(uow, _audited(before) | changes, stay=stay)
    was, becomes = audit_log.difference(_audited(before), wanted)
    if not becomes:
        return before
    async with _titled(str(wanted["title"])):
        stored = await rule_sets.change(uow, queries.RULES, rule_id, becomes)
    if becomes.keys() & {"rule", "position", "policy"}:
        await _watch(uow, key_role_id)
    audit_log.record(
        uow, "assignment_rule.updated", "assignment_rule", rule_id, before=was, after=becomes
    )
    return stored


async def delete_rule(
    uow: UnitOfWork, key_role_id: UUID, rule_id: UUID, version: int | None
) -> None:
    """Whom it chose stays."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    stored = await _found(uow, key_role_id, rule_id)
    check_version(version, stored.version)
    await rule_sets.remove(uow, queries.RULES, key_role_id=key_role_id, id=rule_id)
    await _watch(uow, key_role_id)
    audit_log.record(
        uow, "assignment_rule.deleted", "assignment_rule", rule_id, before=_audited(stored)
    )


async def apply_rules(uow: UnitOfWork, key_role_id: UUID) -> dict[str, Any]:
    """Have the worker give a holder to every account of a rule's set, in batches."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    if not await rule_sets.all_of(uow, queries.RULES, key_role_id=key_role_id):
        raise NoRules("Make a rule first.")
    await watching.sweep(uow, key_role_id)
    await _start_look(uow, key_role_id, "apply")
    audit_log.record(uow, "assignment_rules.applied", "key_role", key_role_id)
    found = await look_at(uow, key_role_id)
    if found is None:
        raise AssertionError("a look that was started is there")
    return found


async def preview_rules(
    uow: UnitOfWork, key_role_id: UUID, data: AssignmentPreviewIn
) -> dict[str, Any]:
    """Who would get which accounts if the rules were applied now."""
    role = await key_roles.get_key_role(uow, key_role_id)
    drafts = await _drafts(uow, key_role_id, data)
    counted, got = Counter({"assigned": 0, "kept": 0, "unassigned": 0}), Counter[UUID]()
    samples: list[dict[str, Any]] = []
    if not drafts:
        return {**counted, "members": [], "samples": samples}
    moment = await record_catalog.moment_of(uow)
    matching = await queries.matching(
        uow.session, uow.workspace_id, [rule for rule, _, _, _ in drafts], moment
    )
    accounts = await queries.to_assign(uow.session, uow.workspace_id, role.key, list(matching))
    choices = [choice for _, choice, _, _ in drafts]
    desk = await evaluation.distribution(uow, role.key, choices, with_books=True)
    holders = sorted({holder for account in accounts for holder in account.holders})
    here = await queries.active_members(uow.session, uow.workspace_id, holders)
    keys = [UUID(int=place) for place in range(len(drafts))]
    desk.last = {key: last for key, (_, _, _, last) in zip(keys, drafts, strict=True)}
    for account in accounts:
        place, name = matching[account.id]
        _, choice, policy, _ = drafts[place]
        if keeps(policy, choice, account.holders, here):
            counted["kept"] += 1
            continue
        taker = desk.give(keys[place], choice, account.revenue)
        counted["unassigned" if taker is None else "assigned"] += 1
        if taker is None:
            continue
        desk.release(account.holders, account.revenue)
        got[taker] += 1
        if len(samples) < SAMPLES:
            sample = {"account_id": account.id, "name": name, "member_id": taker, "rule": place}
            samples.append(sample)
    members = [
        {
            "member_id": load.member_id,
            "full_name": load.name,
            "assigned": got[load.member_id],
            "total_accounts": load.accounts,
            "revenue": load.revenue,
        }
        for load in sorted(desk.loads.values(), key=lambda load: load.by_name)
    ]
    return {**counted, "members": members, "samples": samples}


Draft = tuple[Rule, Choice, Any, UUID | None]


async def _drafts(uow: UnitOfWork, key_role_id: UUID, data: AssignmentPreviewIn) -> list[Draft]:
    catalog = await rule_input.rule_catalog(uow)
    if data.rules is None:
        usable, _ = await evaluation.usable_rules(uow, catalog, key_role_id)
        return [(u.rule, u.choice, u.stored.policy, u.stored.last_member_id) for u in usable]
    found: list[Draft] = []
    for place, draft in enumerate(data.rules):
        pointer = f"/rules/{place}"
        values = await _checked(uow, draft.model_dump(), pointer=pointer)
        choice = Choice(values["member_id"], values["algorithm"], tuple(values["pool"]))
        node = beyond_ignored("account", read_json(values["rule"]))
        found.append((check(node, catalog, "account"), choice, values["policy"], None))
    return found


async def forget(uow: UnitOfWork, key_role_id: UUID) -> None:
    """The key role is no more, and so are its rules."""
    await rule_sets.remove(uow, queries.RULES, key_role_id=key_role_id)
    await queries.forget(uow.session, uow.workspace_id, key_role_id)
    await watching.unwatch(uow, key_role_id)


async def _found(uow: UnitOfWork, key_role_id: UUID, rule_id: UUID) -> AssignmentRule:
    stored = await rule_sets.one_of(uow, queries.RULES, id=rule_id, key_role_id=key_role_id)
    if stored is None:
        raise AssignmentRuleNotFound("This key role has no assignment rule with this id.")
    return stored


async def _checked(
    uow: UnitOfWork,
    values: dict[str, Any],
    *,
    pointer: str = "",
    stay: frozenset[UUID] = frozenset(),
) -> dict[str, Any]:
    """What is stored. Raises `Invalid` with every fault at once. Those in `stay` are named already
    and may have left meanwhile.
    """
    faults = await _choice_faults(uow, values, pointer, stay)
    catalog: Catalog = await rule_input.rule_catalog(uow)
    rule = rule_input.usable_beside(
        faults, lambda: rule_input.usable(values["rule"], catalog, "account", f"{pointer}/rule")
    )
    pool = list(dict.fromkeys(values["pool"] or []))
    return {**values, "rule": write_json(rule.written), "pool": pool}


async def _choice_faults(
    uow: UnitOfWork, values: dict[str, Any], at: str, stay: frozenset[UUID]
) -> list[Fault]:
    member, algorithm, pool = values["member_id"], values["algorithm"], values["pool"] or []
    faults = []
    if (member is None) == (algorithm is None):
        message = "Name either `member_id`, or `algorithm` with a `pool`."
        faults.append(Fault(f"{at}/algorithm", "member_or_algorithm", message))
    if algorithm is not None and not pool:
        faults.append(Fault(f"{at}/pool", "required", "An algorithm chooses among these."))
    if member is not None and algorithm is None and pool:
        message = "A pool goes with an algorithm, not with one member."
        faults.append(Fault(f"{at}/pool", "no_algorithm", message))
    named = {f"{at}/pool/{place}": one for place, one in enumerate(pool)}
    if member is not None:
        named[f"{at}/member_id"] = member
    ids = sorted(set(named.values()))
    known = stay | await queries.active_members(uow.session, uow.workspace_id, ids)
    return faults + [
        Fault(pointer, "unknown_member", "There is no such active member.")
        for pointer, one in named.items()
        if one not in known
    ]


async def _watch(uow: UnitOfWork, key_role_id: UUID) -> None:
    """One watch for all rules of a key role: together they decide about an account. Everything is
    looked at once, to learn who is in which set already.
    """
    usable, _ = await evaluation.usable_rules(
        uow, await record_catalog.rule_catalog(uow), key_role_id
    )
    applying = await _is_applying(uow, key_role_id)
    sights = evaluation.all_sights(usable)
    await watching.watch(uow, key_role_id, evaluation.KIND, "account", sights)
    await _start_look(uow, key_role_id, "apply" if applying else "learn", goes_on=applying)


async def _is_applying(uow: UnitOfWork, key_role_id: UUID) -> bool:
    look = await look_at(uow, key_role_id)
    return look is not None and (look["purpose"], look["state"]) == ("apply", "running")


async def _start_look(
    uow: UnitOfWork, key_role_id: UUID, mode: str, *, goes_on: bool = False
) -> None:
    """Say what the look that was just started is for."""
    sweep = (await watching.sweeps_of(uow, [key_role_id]))[key_role_id]
    await queries.start_look(
        uow.session,
        uow.workspace_id,
        key_role_id,
        run=sweep.run,
        mode=mode,
        cause=to_json(uow.cause).decode(),
        goes_on=goes_on,
    )


def _audited(rule: AssignmentRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _AUDITED}


def _titled(title: str) -> AbstractAsyncContextManager[None]:
    return refuse(
        "uq_assignment_rules_workspace_id_key_role_id_title",
        AssignmentTitleTaken(f"{title!r} is taken."),
    )
