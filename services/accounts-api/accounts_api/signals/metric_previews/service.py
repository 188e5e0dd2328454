from collections import Counter
from typing import Any

from accounts_api.signals.metric_previews import queries
from accounts_api.signals.metric_previews.queries import DraftValue
from accounts_api.signals.metric_previews.rules import at_rank, one_in, spread
from accounts_api.signals.metric_values.service import as_number
from accounts_api.signals.metrics import service as metrics
from accounts_api.signals.metrics.schemas import MetricDraft
from shared.lists import moment
from shared.lists.filters import in_time
from shared.uow import UnitOfWork


async def preview_metric(uow: UnitOfWork, data: MetricDraft) -> dict[str, Any]:
    """Raises `Invalid` with every fault of the draft."""
    metric = await metrics.usable_draft(uow, data)
    context = await moment.evaluation_context(uow)
    records = await queries.count_records(uow, metric.type)
    part = one_in(records)
    with in_time("/numerator"):
        rows = await queries.draft_values(uow, metric, context, part)
    rows.sort(key=lambda row: (row.value is None, row.value or 0, row.record_id))
    ordered = [row.value for row in rows if row.value is not None]
    reasons = Counter(row.null_reason for row in rows if row.value is None)
    samples = [rows[place] for place in spread(len(rows))]
    names = await queries.names(uow, metric.type, [row.record_id for row in samples])
    ranks = {"minimum": 0, "p10": 10, "median": 50, "p90": 90, "maximum": 100}
    return {
        "records": records,
        "looked_at": len(rows),
        "with_value": len(ordered),
        "nulls": [
            {"reason": reason, "records": count} for reason, count in sorted(reasons.items())
        ],
        **{name: as_number(at_rank(ordered, percent)) for name, percent in ranks.items()},
        "samples": [_sample(row, names[row.record_id]) for row in samples],
    }


def _sample(row: DraftValue, name: str) -> dict[str, Any]:
    numbers = ("value", "numerator", "denominator")
    return {
        "id": row.record_id,
        "name": name,
        **{each: as_number(getattr(row, each)) for each in numbers},
        "null_reason": row.null_reason,
    }
