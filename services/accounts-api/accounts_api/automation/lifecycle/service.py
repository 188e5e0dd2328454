"""What one may ask of lifecycle rules. How accounts move is in `evaluation`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.automation.lifecycle import queries
from accounts_api.automation.lifecycle.evaluation import RULES, LifecycleRuleNotFound
from accounts_api.automation.lifecycle.queries import KEYS, LifecycleRule, UnconvertedTrial
from accounts_api.automation.lifecycle.rules import DEFAULT, PRECEDENCE
from accounts_api.automation.lifecycle.schemas import (
    LifecyclePreviewIn,
    LifecycleRuleIn,
    LifecycleRulePatch,
)
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import first
from shared.errors import NotFound
from shared.events.records import LifecycleStatus
from shared.lists import moment
from shared.lists.filters import in_time
from shared.uow import UnitOfWork

__all__ = ["KEYS", "LifecycleRuleNotFound"]

shown, get_rule, delete_rule = RULES.shown, RULES.get, RULES.delete
rename_rule = RULES.rename


async def list_rules(uow: UnitOfWork) -> dict[str, Any]:
    """In the order in which they decide, with the progress of the latest backfill."""
    rules = await RULES.all(uow)
    return {"data": await RULES.all_shown(uow, rules), "progress": await RULES.progress(uow)}


async def list_unconverted(
    uow: UnitOfWork, after: tuple[datetime, UUID] | None, limit: int
) -> list[UnconvertedTrial]:
    """Trials past their end; one more than `limit`, if there are more."""
    return await queries.unconverted(uow, now=await uow.now(), after=after, limit=limit + 1)


async def create_rule(uow: UnitOfWork, data: LifecycleRuleIn) -> LifecycleRule:
    return await RULES.create_from(uow, data.model_dump())


async def update_rule(
    uow: UnitOfWork, rule_id: UUID, data: LifecycleRulePatch, version: int | None
) -> LifecycleRule:
    return await RULES.update_from(uow, rule_id, data.changes(), version)


async def preview_rules(uow: UnitOfWork, data: LifecyclePreviewIn) -> dict[str, Any]:
    """How many accounts each status would have under a whole new set, and who would move."""
    catalog = await rule_input.rule_catalog(uow)
    drafts = [
        (draft.status, RULES.rule_from(draft.rule, catalog, f"/rules/{place}/rule"))
        for place, draft in enumerate(data.rules)
    ]
    rules = sorted(drafts, key=lambda draft: PRECEDENCE.index(draft[0]))
    context = await moment.evaluation_context(uow)
    with in_time("/rules"):
        counted, samples = await queries.movements(
            uow, rules or [("ignored", RULES.never(catalog))], context
        )
    counts: dict[LifecycleStatus, int] = dict.fromkeys((DEFAULT, *reversed(PRECEDENCE)), 0)
    for row in counted:
        counts[row.after] += row.accounts
    return {
        "counts": counts,
        "transitions": [row for row in counted if row.before != row.after],
        "samples": samples,
    }


async def explain_account(uow: UnitOfWork, account_id: UUID) -> dict[str, Any]:
    """Every rule's verdict on one account, which of them decides, and its status periods."""
    account = await queries.account_status(uow, account_id)
    if account is None:
        raise NotFound("There is no account with this id.")
    explained = await RULES.explain(uow, account_id)
    place = first([each.verdict for each in explained])
    periods = await queries.status_periods(uow, account_id)
    end, now = periods[0].trial_ends_at if periods else None, await uow.now()
    return {
        "account_id": account_id,
        "status": account.status,
        "since": account.since,
        "decided_by": None if place is None else explained[place].stored.id,
        "unconverted": account.status == "trial" and end is not None and end <= now,
        "rules": [{**each.as_json(), "status": each.stored.status} for each in explained],
        "status_periods": periods,
    }
