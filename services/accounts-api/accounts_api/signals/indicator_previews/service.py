from collections import Counter
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.signals.indicator_definitions import service as definitions
from accounts_api.signals.indicator_previews import queries
from accounts_api.signals.indicator_previews.schemas import IndicatorPreviewIn
from accounts_api.signals.indicators.service import Facts, facts_of
from shared.errors import Fault, Invalid
from shared.lists import filters, moment
from shared.lists.filters import in_time
from shared.rules.types.type_check import check
from shared.uow import UnitOfWork

SAMPLES: Final = 10


async def preview(uow: UnitOfWork, data: IndicatorPreviewIn) -> dict[str, Any]:
    """Raises `Invalid` with every fault."""
    definition_id, faults = await _definition_named(uow, data)
    named = [("/owner_key_role", data.owner_key_role)]
    faults += definitions.key_role_faults(named, await known_key_roles(uow))
    catalog = await rule_input.rule_catalog(uow)
    rule = rule_input.usable_beside(
        faults, lambda: filters.usable(data.rule, catalog, data.record_type, "/rule")
    )
    effective = check(beyond_ignored(data.record_type, rule.written), catalog, data.record_type)
    context = await moment.evaluation_context(uow)
    with in_time("/rule"):
        ids = await queries.matching(uow, effective, context)
        facts = await facts_of(uow, data.record_type, ids, data.owner_key_role)
        segments = await queries.count_by_segment(uow, ids)
    existing = 0
    if definition_id is not None:
        existing = await queries.count_existing(uow, definition_id, ids)
    owners = Counter(one.holder_id for one in facts.values())
    return {
        **await rule_input.both_forms(uow, rule),
        "count": len(ids),
        "existing": existing,
        "opening": len(ids) - existing,
        "by_owner": [
            {"owner_id": owner, "count": count}
            for owner, count in sorted(owners.items(), key=lambda one: (-one[1], str(one[0])))
        ],
        "by_segment": segments,
        "arr": _worth(data.record_type, facts),
        "samples": [{"id": id_, "name": facts[id_].record_name} for id_ in ids[:SAMPLES]],
    }


async def _definition_named(
    uow: UnitOfWork, data: IndicatorPreviewIn
) -> tuple[UUID | None, list[Fault]]:
    """Of the same record type."""
    if data.definition_id is None:
        return None, []
    try:
        found = await definitions.KEYS.named(uow, data.definition_id, "/definition_id")
    except Invalid as refusal:
        return None, list(refusal.faults)
    known = await definitions.definitions_by_id(uow, [found])
    if not known:
        message = "There is no definition of an indicator with this id."
        return None, [Fault("/definition_id", "unknown_indicator_definition", message)]
    if known[0].record_type != data.record_type:
        message = f"This indicator is one of {known[0].record_type} records."
        return None, [Fault("/definition_id", "wrong_record_type", message)]
    return found, []


def _worth(record_type: str, facts: dict[UUID, Facts]) -> list[dict[str, Any]]:
    """Of contacts each account counts once."""
    by_record = {
        one.account_id if record_type == "contact" else one.record_id: one for one in facts.values()
    }
    sums: Counter[str] = Counter()
    for one in by_record.values():
        if one.arr is not None and one.currency is not None:
            sums[one.currency] += one.arr
    return [{"currency": currency, "amount": sums[currency]} for currency in sorted(sums)]
