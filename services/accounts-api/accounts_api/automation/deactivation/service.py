"""What one may ask of deactivation rules. How contacts follow is in `standing`."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.deactivation import evaluation, queries
from accounts_api.automation.deactivation.queries import DeactivationRule
from accounts_api.automation.deactivation.rules import DECIDED, watch_of
from accounts_api.automation.deactivation.schemas import (
    DeactivationPreviewIn,
    DeactivationRuleIn,
    DeactivationRulePatch,
)
from accounts_api.evaluation.engine import rule_input
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.rule_sets import service as rule_sets
from accounts_api.evaluation.rule_sets.rules import date_field
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

KIND: Final = "deactivation"
_SUBJECT: Final = "contact_deactivation_rule"
_AUDITED: Final = ("title", "rule", "since_field")


class DeactivationRuleNotFound(NotFound):
    code = "deactivation_rule_not_found"
    title = "There is no such deactivation rule"


class DeactivationTitleTaken(Conflict):
    code = "deactivation_rule_title_taken"
    title = "Another deactivation rule has this title"


def shown(rule: DeactivationRule) -> dict[str, Any]:
    same = ("id", "title", "since_field", "version", "created_at", "updated_at")
    return {
        **{name: getattr(rule, name) for name in same},
        **shown_rule(rule.rule, rule.faults),
    }


async def list_rules(uow: UnitOfWork) -> dict[str, Any]:
    """In the order in which they decide, with the progress of the last look at every contact."""
    rule_id = watch_of(uow.workspace_id)
    found = await rule_sets.all_of(uow, queries.RULES)
    sweep = (await watching.sweeps_of(uow, [rule_id])).get(rule_id)
    return {
        "data": [shown(rule) for rule in found],
        "progress": sweep.as_json() if sweep else None,
    }


async def get_rule(uow: UnitOfWork, rule_id: UUID) -> DeactivationRule:
    return _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id))


async def create_rule(uow: UnitOfWork, data: DeactivationRuleIn) -> DeactivationRule:
    catalog = await rule_input.rule_catalog(uow)
    faults = _date_faults(catalog, data.since_field)
    rule = rule_input.usable_beside(faults, lambda: _usable(data.rule, catalog, "/rule"))
    values = {**data.model_dump(), "rule": write_json(rule.written)}
    async with _titled(data.title):
        stored = await rule_sets.add(uow, queries.RULES, values)
    await _watch(uow)
    audit_log.record(uow, f"{_SUBJECT}.created", _SUBJECT, stored.id, after=values)
    return stored


async def update_rule(
    uow: UnitOfWork, rule_id: UUID, data: DeactivationRulePatch, version: int | None
) -> DeactivationRule:
    """Contacts follow in batches, as the worker looks at each again."""
    before = _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id, lock=True))
    check_version(version, before.version)
    changes, catalog = data.changes(), await rule_input.rule_catalog(uow)
    faults = _date_faults(catalog, changes.get("since_field"))
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
    audit_log.record(uow, f"{_SUBJECT}.updated", _SUBJECT, rule_id, before=was, after=becomes)
    return stored


async def delete_rule(uow: UnitOfWork, rule_id: UUID, version: int | None) -> None:
    """Contacts it alone put out are back."""
    stored = _found(await rule_sets.one_of(uow, queries.RULES, id=rule_id, lock=True))
    check_version(version, stored.version)
    await rule_sets.remove(uow, queries.RULES, id=rule_id)
    await _watch(uow)
    audit_log.record(uow, f"{_SUBJECT}.deleted", _SUBJECT, rule_id, before=_audited(stored))


async def preview_rules(uow: UnitOfWork, data: DeactivationPreviewIn) -> dict[str, Any]:
    """Counts under the whole set in the body, and who would move."""
    catalog = await rule_input.rule_catalog(uow)
    rules = [
        _usable(draft.rule, catalog, f"/rules/{place}/rule")
        for place, draft in enumerate(data.rules)
    ]
    rules = rules or [_usable({"any": []}, catalog, "/rules")]
    moment = await record_catalog.moment_of(uow)
    with in_time("/rules"):
        counts, going, back = await queries.movements(uow.session, uow.workspace_id, rules, moment)
    return {
        "contacts": counts.contacts,
        "deactivated": counts.out,
        "deactivating": counts.deactivating,
        "reactivating": counts.reactivating,
        "deactivating_samples": going,
        "reactivating_samples": back,
    }


async def explain_contact(uow: UnitOfWork, contact_id: UUID) -> dict[str, Any]:
    """Every rule's verdict on one contact, and which of them decides."""
    contact = await queries.contact_state(uow.session, uow.workspace_id, contact_id)
    if contact is None:
        raise NotFound("There is no contact with this id.")
    catalog, moment = await record_catalog.rule_catalog(uow), await record_catalog.moment_of(uow)
    usable, _ = await evaluation.usable_rules(uow, catalog)
    verdicts = []
    for one in usable:
        needed = needs(one.rule)
        loaded = await load_snapshot(uow.session, uow.workspace_id, needed, contact_id, moment)
        if loaded is None:
            raise NotFound("There is no contact with this id.")
        explanation = explain(one.rule, read_snapshot(needed, loaded), moment)
        verdicts.append(
            {
                "rule_id": one.stored.id,
                "title": one.stored.title,
                "verdict": explanation.verdict,
                "explanation": explanation.as_json(),
            }
        )
    matching = (verdict["rule_id"] for verdict in verdicts if verdict["verdict"])
    return {
        "contact_id": contact_id,
        "deactivated_at": contact.deactivated_at,
        "decided_by": next(matching, None),
        "manual": contact.deactivated_at is not None and contact.deactivated_at != contact.since,
        "rules": verdicts,
    }


def _usable(rule: dict[str, Any] | str, catalog: Catalog, pointer: str) -> Rule:
    """Raises `Invalid`; also for a rule that looks at what it decides, which would never settle."""
    found = rule_input.usable(rule, catalog, "contact", pointer)
    decided = (DECIDED.record_type, DECIDED.what)
    if decided in {(sight.record_type, sight.what) for sight in sights(found)}:
        message = "A deactivation rule cannot ask for `deactivated_at`, which it decides."
        raise Invalid(faults=[Fault(pointer, "rule_cycle", message)])
    return found


def _found(rule: DeactivationRule | None) -> DeactivationRule:
    if rule is None:
        raise DeactivationRuleNotFound("There is no deactivation rule with this id.")
    return rule


def _date_faults(catalog: Catalog, field: str | None) -> list[Fault]:
    if field is None or date_field(catalog, "contact", field) is not None:
        return []
    return [Fault("/since_field", "not_a_date", f"A contact has no date {field[:100]!r}.")]


async def _watch(uow: UnitOfWork) -> None:
    """One watch for all rules: together they decide about a contact. What they decide is watched,
    too: a contact that someone lets in again is put out again while a rule holds.
    """
    usable, _ = await evaluation.usable_rules(uow, await record_catalog.rule_catalog(uow))
    seen = {Sight("contact", EXISTENCE), DECIDED}
    for one in usable:
        seen |= sights(one.rule)
        if one.since_field is not None:
            seen |= {Sight("contact", one.since_field.name), Sight("contact", CALENDAR)}
    await watching.watch(uow, watch_of(uow.workspace_id), KIND, "contact", seen)


def _audited(rule: DeactivationRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _AUDITED}


def _titled(title: str) -> AbstractAsyncContextManager[None]:
    return refuse(
        "uq_contact_deactivation_rules_workspace_id_title",
        DeactivationTitleTaken(f"{title!r} is taken."),
    )
