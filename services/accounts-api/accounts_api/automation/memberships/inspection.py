"""What a draft of a segment would hold, and why a record is a member or not."""

from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from accounts_api.automation.debounce import service as debounce
from accounts_api.automation.memberships import queries, verdicts
from accounts_api.automation.memberships.schemas import SegmentPreviewIn
from accounts_api.automation.segments.rules import rank_faults
from accounts_api.automation.segments.service import segment_named
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import effective_rule
from accounts_api.evaluation.rule_sets.segment_keys import SEGMENT_KEYS, keys_of
from accounts_api.evaluation.rule_sets.snapshots import record_seen_by
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.records.schema import record_catalog
from shared.errors import Conflict, Fault, Invalid
from shared.lists import filters, moment
from shared.lists.filters import in_time
from shared.rules.interpreter.explain import explain
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.type_check import check
from shared.uow import UnitOfWork

COUNTS = ("records", "count", "entering", "leaving", "unchanged")
SAMPLES = ("samples", "entering_samples", "leaving_samples")


class RuleUnusable(Conflict):
    code = "rule_unusable"
    title = "The stored rule can no longer be used"


async def preview_segment(uow: UnitOfWork, data: SegmentPreviewIn) -> dict[str, Any]:
    """What a draft would hold, and who would move against the members now."""
    catalog = await rule_input.rule_catalog(uow)
    rule = rule_input.usable_beside(
        rank_faults(data.group, data.priority),
        lambda: filters.usable(data.rule, catalog, data.record_type, "/rule"),
    )
    segment_id = None
    if data.segment_id is not None:
        segment_id = await SEGMENT_KEYS.named(uow, data.segment_id, "/segment_id")
        segment = await segment_named(uow, segment_id)
        if segment.record_type != data.record_type:
            message = f"This segment is one of {segment.record_type} records."
            raise Invalid(faults=[Fault("/segment_id", "wrong_record_type", message)])
    ahead = await queries.segments_ahead(
        uow,
        data.record_type,
        (data.group, data.priority) if data.group else None,
        segment_id,
    )
    effective = check(beyond_ignored(data.record_type, rule.written), catalog, data.record_type)
    context = await moment.evaluation_context(uow)
    with in_time("/rule"):
        found = await verdicts.preview(uow, segment_id, effective, context, ahead)
    return {
        **await rule_input.both_forms(uow, rule),
        **{name: getattr(found, name) for name in COUNTS},
        **{name: from_json(getattr(found, name)) for name in SAMPLES},
    }


async def explain_segment(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> dict[str, Any]:
    segment = await segment_named(uow, segment_id)
    catalog = await record_catalog.rule_catalog(uow)
    try:
        rule = effective_rule(catalog, segment.record_type, to_json(segment.rule).decode())
    except RuleFaulty as faulty:
        raise RuleUnusable(faults=filters.refused(faulty, "/rule").faults) from faulty
    context = await moment.evaluation_context(uow)
    record = await record_seen_by(uow, rule, record_id, context)
    explanation = explain(rule, record, context, await keys_of(uow, [rule]))
    found = await queries.memberships(uow, segment_id, record_id)
    return {
        "record_id": record_id,
        "member": any(stay.left_at is None for stay in found),
        "verdict": explanation.verdict,
        "next_check_at": next_change(rule, record, context),
        "override": await queries.override_of(uow, segment_id, record_id),
        "pending_notification": await debounce.pending(uow, segment_id, record_id),
        "memberships": found,
        "explanation": explanation.as_json(),
    }
