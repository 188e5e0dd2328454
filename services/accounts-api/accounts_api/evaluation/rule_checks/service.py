from typing import Any

from accounts_api.evaluation.rule_checks.schemas import RuleExplainIn, RuleValidationIn
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.evaluation.rule_sets.snapshots import record_seen_by
from shared.errors import Fault, Invalid
from shared.lists import filters, moment
from shared.rules.interpreter.explain import explain
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog
from shared.uow import UnitOfWork


async def explain_rule(uow: UnitOfWork, data: RuleExplainIn) -> dict[str, Any]:
    """Each condition of a rule with what it found on one record; nothing is stored."""
    catalog = await _catalog_with(uow, data.record_type)
    rule = filters.usable(data.rule, catalog, data.record_type, "/rule")
    context = await moment.evaluation_context(uow)
    record = await record_seen_by(uow, rule, data.record_id, context)
    explanation = explain(rule, record, context, await keys_of(uow, [rule]))
    return {
        "record_id": data.record_id,
        "verdict": explanation.verdict,
        "next_check_at": next_change(rule, record, context),
        "explanation": explanation.as_json(),
    }


async def validate_rule(uow: UnitOfWork, data: RuleValidationIn) -> dict[str, Any]:
    """Both forms of the rule, or every fault of it; a faulty rule is an answer, not a refusal."""
    catalog = await _catalog_with(uow, data.record_type)
    try:
        rule = filters.checked(data.rule, catalog, data.record_type)
    except RuleFaulty as faulty:
        faults = faulty.as_errors("/rule")
        return {"valid": False, "rule": None, "rule_text": None, "faults": faults}
    return {"valid": True, **await rule_input.both_forms(uow, rule), "faults": []}


async def _catalog_with(uow: UnitOfWork, record_type: str) -> Catalog:
    """Raises `Invalid` for a record type that is not here."""
    catalog = await rule_input.rule_catalog(uow)
    if record_type not in catalog.types:
        message = f"There is no record type {record_type!r} here."
        raise Invalid(faults=[Fault("/record_type", "unknown_record_type", message)])
    return catalog
