"""What one may ask of assignment rules. How accounts get holders is in `evaluation`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.assignment_backfills import service as backfills
from accounts_api.automation.assignments import evaluation, queries
from accounts_api.automation.assignments.evaluation import RULES, choice_of
from accounts_api.automation.assignments.queries import AssignmentRule
from accounts_api.automation.assignments.rules import Choice, keeps
from accounts_api.automation.assignments.schemas import (
    AssignmentPreviewIn,
    AssignmentRuleIn,
    AssignmentRulePatch,
)
from accounts_api.customers.key_roles import service as key_roles
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.members.service import active_members
from accounts_api.language.rules.ignored import beyond_ignored
from shared.errors import Conflict, Fault, Invalid, check_version
from shared.lists import filters, moment
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.usages import Usage

rename_rule = RULES.rename
SAMPLES: Final = 20
MOST: Final = 50
"""Rules of one key role."""


class TooManyRules(Conflict):
    code = "too_many_assignment_rules"
    title = "A key role has at most fifty assignment rules"


class NoRules(Conflict):
    code = "no_assignment_rules"
    title = "This key role has no assignment rules"


async def find_usages(
    uow: UnitOfWork, what: str, record_type: str | None, key: str
) -> Sequence[Usage]:
    """Of a key role its own rules, too."""
    if what != "key_role":
        return await RULES.find_usages(uow, what, record_type, key)
    rules = await queries.rules_of_key(uow, key)
    return [RULES.usage(rule) for rule in rules]


NO_ELIGIBLE_MEMBER: Final = {
    "code": "no_eligible_member",
    "message": "Everybody whom this rule could choose has left.",
}


async def shown(uow: UnitOfWork, rules: Sequence[AssignmentRule]) -> list[dict[str, Any]]:
    named = {member for rule in rules for member in choice_of(rule).named}
    here = await active_members(uow, named)
    shown = await RULES.all_shown(uow, rules)
    for rule, each in zip(rules, shown, strict=True):
        if not choice_of(rule).named & here:
            each["faults"] = [*each["faults"], NO_ELIGIBLE_MEMBER]
    return shown


async def list_rules(uow: UnitOfWork, key_role_id: UUID) -> dict[str, Any]:
    """In their order, with the progress of the latest backfill."""
    await key_roles.get_key_role(uow, key_role_id)
    rules = await RULES.all(uow, key_role_id=key_role_id)
    progress = await RULES.progress(uow, key_role_id=key_role_id)
    return {"data": await shown(uow, rules), "progress": progress}


async def get_rule(uow: UnitOfWork, key_role_id: UUID, rule_id: UUID) -> AssignmentRule:
    await key_roles.get_key_role(uow, key_role_id)
    return await RULES.get(uow, rule_id, key_role_id=key_role_id)


async def create_rule(uow: UnitOfWork, key_role_id: UUID, data: AssignmentRuleIn) -> AssignmentRule:
    """Accounts that enter its set from now on get a holder; those in it already when applied."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    known = await RULES.all(uow, key_role_id=key_role_id)
    if len(known) >= MOST:
        raise TooManyRules("Make one rule of several, or delete one.")
    values = await _checked(uow, data.model_dump())
    if values["position"] is None:
        values["position"] = max((rule.position for rule in known), default=0) + 1
    return await RULES.add(uow, values, key_role_id=key_role_id)


async def update_rule(
    uow: UnitOfWork,
    key_role_id: UUID,
    rule_id: UUID,
    data: AssignmentRulePatch,
    version: int | None,
) -> AssignmentRule:
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    before = await RULES.get(uow, rule_id, key_role_id=key_role_id)
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
    stay = choice_of(before).named
    values = await _checked(uow, RULES.values(before) | changes, stay=stay)
    return await RULES.change(uow, before, values, key_role_id=key_role_id)


async def delete_rule(
    uow: UnitOfWork, key_role_id: UUID, rule_id: UUID, version: int | None
) -> None:
    """Whom it chose stays."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    await RULES.delete(uow, rule_id, version, key_role_id=key_role_id)


async def apply_rules(uow: UnitOfWork, key_role_id: UUID) -> dict[str, Any]:
    """Have the worker give a holder to every account of a rule's set, in batches."""
    await key_roles.get_key_role(uow, key_role_id, lock=True)
    if not await RULES.all(uow, key_role_id=key_role_id):
        raise NoRules("Make a rule first.")
    await engine.start_backfill(uow, key_role_id)
    await backfills.start(uow, key_role_id, "apply")
    await audit_log.record(uow, "assignment_rules.applied", "key_role", key_role_id)
    progress = await RULES.progress(uow, key_role_id=key_role_id)
    if progress is None:
        raise AssertionError("a backfill that was started is there")
    return progress


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
    context = await moment.evaluation_context(uow)
    matching = await queries.matching(uow, [rule for rule, _, _, _ in drafts], context)
    accounts = await queries.to_assign(uow, role.key, list(matching))
    choices = [choice for _, choice, _, _ in drafts]
    desk = await evaluation.distribution(uow, role.key, choices, with_books=True)
    holders = sorted({holder for account in accounts for holder in account.holders})
    here = await active_members(uow, holders)
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
        usable, _ = await RULES.usable(uow, key_role_id=key_role_id)
        return [
            (each.rule, choice_of(each.stored), each.stored.policy, each.stored.last_member_id)
            for each in usable
        ]
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
    await RULES.store.remove(uow, key_role_id=key_role_id)
    await queries.forget(uow, key_role_id)
    await backfills.forget(uow, key_role_id)
    await engine.unregister(uow, key_role_id)


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
        faults, lambda: filters.usable(values["rule"], catalog, "account", f"{pointer}/rule")
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
    known = stay | await active_members(uow, ids)
    return faults + [
        Fault(pointer, "unknown_member", "There is no such active member.")
        for pointer, one in named.items()
        if one not in known
    ]
