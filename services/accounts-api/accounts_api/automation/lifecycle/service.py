"""What one may ask of lifecycle rules. How accounts move is in `standing`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.lifecycle import evaluation, queries
from accounts_api.automation.lifecycle.queries import LifecycleRule
from accounts_api.automation.lifecycle.rules import DEFAULT, PRECEDENCE, Status, ranked
from accounts_api.automation.lifecycle.schemas import (
    LifecyclePreviewIn,
    LifecycleRuleIn,
    LifecycleRulePatch,
)
from accounts_api.evaluation.engine import rule_input
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.rule_sets import service as rule_sets
from accounts_api.evaluation.rule_sets.rules import date_field, first
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.depends import CALENDAR, EXISTENCE, Sight, sights
from accounts_api.language.rules.explain import explain
from accounts_api.language.rules.needs import needs
from accounts_api.language.rules.sql.snapshot import load_snapshot, read_snapshot
from accounts_api.language.rules.syntax.json_codec import write_json
from accounts_api.language.rules.syntax.stored import shown_rule
from accounts_api.language.rules.typed import Rule
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.errors import in_time
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.uow import UnitOfWork

KIND: Final = "lifecycle"
_AUDITED: Final = ("title", "status", "rule", "since_field", "end_field")


class LifecycleRuleNotFound(NotFound):
    code = "lifecycle_rule_not_found"
    title = "There is no such lifecycle rule"


class LifecycleTitleTaken(Conflict):
    code = "lifecycle_rule_title_taken"
    title = "Another lifecycle rule has this title"


def shown(rule: LifecycleRule) -> dict[str, Any]:
    same = ("id", "title", "status", "since_field", "end_field", "version")
    return {
        **{name: getattr(rule, name) for name in (*same, "created_at", "updated_at")},
        **shown_rule(rule.rule, rule.faults),
    }


async def list_rules(uow: UnitOfWork) -> dict[str, Any]:
    """In the order in which they decide, with the progress of the last look at every account."""
    found = await rule_sets.all_of(uow, queries.RULES)
    sweeps = await watching.sweeps_of(uow, [uow.workspace_id])
    sweep = sweeps.get(uow.workspace_id)
    rules = ranked((rule.status, rule.id, rule) for rule in found)
    return {
        "data": [shown(rule) for rule in rules],
        "progress": sweep.as_json() if sweep else None,
    }


async def list_unconverted(
    uow: UnitOfWork, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Trials past their end; one more than `limit`, if there are more."""
    return await queries.unconverted(
        uow.session, uow.workspace_id, now=await uow.now(), after=after, limit=limit + 1
    )


async def get_rule(uow: UnitOfWork, rule_id: UUID) -> LifecycleRule:
    return _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id))


async def create_rule(uow: UnitOfWork, data: LifecycleRuleIn) -> LifecycleRule:
    catalog = await rule_input.rule_catalog(uow)
    faults = _date_faults(catalog, data.since_field, data.end_field)
    rule = rule_input.usable_beside(faults, lambda: _usable(data.rule, catalog, "/rule"))
    values = {**data.model_dump(), "rule": write_json(rule.written)}
    async with _titled(data.title):
        stored = await rule_sets.add(uow, queries.RULES, values)
    await _watch(uow)
    audit_log.record(uow, "lifecycle_rule.created", "lifecycle_rule", stored.id, after=values)
    return stored


async def update_rule(
    uow: UnitOfWork, rule_id: UUID, data: LifecycleRulePatch, version: int | None
) -> LifecycleRule:
    """Accounts follow in batches, as the worker looks at each again."""
    before = _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id, lock=True))
    check_version(version, before.version)
    changes, catalog = data.changes(), await rule_input.rule_catalog(uow)
    faults = _date_faults(catalog, changes.get("since_field"), changes.get("end_field"))
    if "rule" in changes:
        rule = rule_input.usable_beside(faults, lambda: _usable(changes["rule"], catalog, "/rule"))
        changes["rule"] = write_json(rule.written)
    elif faults:
        raise Invalid(faults=faults)
    was, becomes = audit_log.difference(_audited(before), changes)
    if not becomes:
        return before
    async with _titled(str(becomes.get("title"))):
        stored = await rule_sets.change(uow, queries.RULES, rule_id, becomes)
    await _watch(uow)
    audit_log.record(
        uow, "lifecycle_rule.updated", "lifecycle_rule", rule_id, before=was, after=becomes
    )
    return stored


async def delete_rule(uow: UnitOfWork, rule_id: UUID, version: int | None) -> None:
    """Accounts it decided about get the status that the other rules give them."""
    stored = _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id, lock=True))
    check_version(version, stored.version)
    await rule_sets.remove(uow, queries.RULES, id=rule_id)
    await _watch(uow)
    audit_log.record(
        uow, "lifecycle_rule.deleted", "lifecycle_rule", rule_id, before=_audited(stored)
    )


async def preview_rules(uow: UnitOfWork, data: LifecyclePreviewIn) -> dict[str, Any]:
    """How many accounts each status would have under a whole new set, and who would move."""
    catalog = await rule_input.rule_catalog(uow)
    drafts = [
        (draft.status, UUID(int=place), _usable(draft.rule, catalog, at))
        for place, draft in enumerate(data.rules)
        for at in [f"/rules/{place}/rule"]
    ]
    order = sorted(drafts, key=lambda draft: (PRECEDENCE.index(draft[0]), draft[1]))
    rules = [(status, rule) for status, _, rule in order]
    if not rules:
        rules = [("ignored", rule_input.usable({"any": []}, catalog, "account", "/rules"))]
    moment = await record_catalog.moment_of(uow)
    with in_time("/rules"):
        counted, movers = await queries.movements(uow.session, uow.workspace_id, rules, moment)
    counts: dict[Status, int] = dict.fromkeys((DEFAULT, *reversed(PRECEDENCE)), 0)
    for row in counted:
        counts[row.after] += row.accounts
    return {
        "counts": counts,
        "transitions": [row for row in counted if row.before != row.after],
        "samples": movers,
    }


async def explain_account(uow: UnitOfWork, account_id: UUID) -> dict[str, Any]:
    """Every rule's verdict on one account, which of them decides, and its periods."""
    account = await queries.account_status(uow.session, uow.workspace_id, account_id)
    if account is None:
        raise NotFound("There is no account with this id.")
    catalog, moment = await record_catalog.rule_catalog(uow), await record_catalog.moment_of(uow)
    usable, _ = await evaluation.usable_rules(uow, catalog)
    verdicts = []
    for one in usable:
        needed = needs(one.rule)
        loaded = await load_snapshot(uow.session, uow.workspace_id, needed, account_id, moment)
        if loaded is None:
            raise NotFound("There is no account with this id.")
        explanation = explain(one.rule, read_snapshot(needed, loaded), moment)
        verdicts.append(
            {
                "rule_id": one.stored.id,
                "title": one.stored.title,
                "status": one.stored.status,
                "verdict": explanation.verdict,
                "explanation": explanation.as_json(),
            }
        )
    place = first([bool(verdict["verdict"]) for verdict in verdicts])
    decided = usable[place].stored if place is not None else None
    periods = await queries.status_periods(uow.session, uow.workspace_id, account_id)
    end = periods[0].trial_ends_at if periods else None
    return {
        "account_id": account_id,
        "status": account.status,
        "since": account.since,
        "decided_by": decided.id if decided else None,
        "unconverted": account.status == "trial" and end is not None and end <= moment.now,
        "rules": verdicts,
        "status_periods": periods,
    }


def _found(rule: LifecycleRule | None) -> LifecycleRule:
    if rule is None:
        raise LifecycleRuleNotFound("There is no lifecycle rule with this id.")
    return rule


def _usable(rule: dict[str, Any] | str, catalog: Catalog, pointer: str) -> Rule:
    """Raises `Invalid`; also for a rule that looks at what it decides, which would never settle."""
    found = rule_input.usable(rule, catalog, "account", pointer)
    if any(sight.what in _DECIDED and sight.record_type == "account" for sight in sights(found)):
        message = "A lifecycle rule cannot ask for the lifecycle status, which it decides."
        raise Invalid(faults=[Fault(pointer, "rule_cycle", message)])
    return found


_DECIDED: Final = frozenset({"lifecycle_status", "lifecycle_status_since"})


def _date_faults(catalog: Catalog, since_field: str | None, end_field: str | None) -> list[Fault]:
    return [
        Fault(f"/{name}", "not_a_date", f"An account has no date {field[:100]!r}.")
        for name, field in (("since_field", since_field), ("end_field", end_field))
        if field is not None and date_field(catalog, "account", field) is None
    ]


async def _watch(uow: UnitOfWork) -> None:
    """One watch for all rules: together they decide about an account."""
    usable, _ = await evaluation.usable_rules(uow, await record_catalog.rule_catalog(uow))
    seen = {Sight("account", EXISTENCE)}
    for one in usable:
        seen |= sights(one.rule)
        for field in (one.since_field, one.end_field):
            if field is not None:
                seen |= {Sight("account", field.name), Sight("account", CALENDAR)}
    await watching.watch(uow, uow.workspace_id, KIND, "account", seen)


def _audited(rule: LifecycleRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _AUDITED}


def _titled(title: str) -> AbstractAsyncContextManager[None]:
    return refuse(
        "uq_lifecycle_rules_workspace_id_title", LifecycleTitleTaken(f"{title!r} is taken.")
    )
