"""What one may ask of deactivation rules. How contacts follow is in `evaluation`."""

from typing import Any
from uuid import UUID

from accounts_api.automation.deactivation import queries
from accounts_api.automation.deactivation.evaluation import RULES, DeactivationRuleNotFound
from accounts_api.automation.deactivation.queries import KEYS, DeactivationRule
from accounts_api.automation.deactivation.schemas import (
    DeactivationPreviewIn,
    DeactivationRuleIn,
    DeactivationRulePatch,
)
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import first
from shared.errors import NotFound
from shared.lists import moment
from shared.lists.filters import in_time
from shared.uow import UnitOfWork

__all__ = ["KEYS", "DeactivationRuleNotFound"]

shown, get_rule, delete_rule = RULES.shown, RULES.get, RULES.delete
rename_rule = RULES.rename


async def list_rules(uow: UnitOfWork) -> dict[str, Any]:
    """In the order in which they decide, with the progress of the latest backfill."""
    rules = await RULES.all(uow)
    return {"data": await RULES.all_shown(uow, rules), "progress": await RULES.progress(uow)}


async def create_rule(uow: UnitOfWork, data: DeactivationRuleIn) -> DeactivationRule:
    return await RULES.create_from(uow, data.model_dump())


async def update_rule(
    uow: UnitOfWork, rule_id: UUID, data: DeactivationRulePatch, version: int | None
) -> DeactivationRule:
    return await RULES.update_from(uow, rule_id, data.changes(), version)


async def preview_rules(uow: UnitOfWork, data: DeactivationPreviewIn) -> dict[str, Any]:
    """Counts under the whole set in the body, and who would move."""
    catalog = await rule_input.rule_catalog(uow)
    rules = [
        RULES.rule_from(draft.rule, catalog, f"/rules/{place}/rule")
        for place, draft in enumerate(data.rules)
    ]
    context = await moment.evaluation_context(uow)
    with in_time("/rules"):
        counts, going, back = await queries.movements(uow, rules or [RULES.never(catalog)], context)
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
    contact = await queries.contact_state(uow, contact_id)
    if contact is None:
        raise NotFound("There is no contact with this id.")
    explained = await RULES.explain(uow, contact_id)
    place = first([each.verdict for each in explained])
    return {
        "contact_id": contact_id,
        "deactivated_at": contact.deactivated_at,
        "decided_by": None if place is None else explained[place].stored.id,
        "manual": contact.deactivated_at is not None and contact.deactivated_at != contact.since,
        "rules": [each.as_json() for each in explained],
    }
