from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.rule_sets.segment_keys import segments_by_key
from accounts_api.records.history.service import must_have_come
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from accounts_api.signals.health_reports import queries
from accounts_api.signals.health_reports.rules import (
    by_label,
    share_of,
    tallied,
)
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.scoring.spread import spread
from shared.errors import invalid
from shared.uow import UnitOfWork

_YEAR: Final = timedelta(days=365)


async def distribution(
    uow: UnitOfWork, score_id: UUID, *, as_of: datetime | None, segment_id: UUID | None
) -> dict[str, Any]:
    score = await health_scores.get_score(uow, score_id)
    await must_have_come(uow, as_of, "/query/as_of")
    if segment_id is not None:
        record_types, _ = await segments_by_key(uow)
        if record_types.get(str(segment_id), score.record_type) != score.record_type:
            message = f"The score is one of {score.record_type} records, this segment is not."
            raise invalid("/query/segment_id", "wrong_record_type", message)
    schema = RECORD_SCHEMAS[score.record_type]
    counts = await queries.score_counts(uow, score_id, schema, as_of=as_of, segment_id=segment_id)
    labels = tallied(counts, lambda count: count.label)
    of_scores = spread((one.score, one.records) for one in counts if one.score is not None)
    unscored = tallied(counts, lambda count: count.null_reason)
    return {
        "score_id": score_id,
        "as_of": as_of or await uow.now(),
        "segment_id": segment_id,
        "records": sum(count.records for count in counts),
        "scored": of_scores.scored,
        "median": of_scores.median,
        "histogram": of_scores.histogram,
        "labels": [
            {"label": label, "records": tally.records, "arr": tally.arr}
            for label, tally in sorted(labels.items())
        ],
        "unscored": [
            {"reason": reason, "records": tally.records, "arr": tally.arr}
            for reason, tally in sorted(unscored.items())
        ],
    }


async def back_test(
    uow: UnitOfWork,
    score_id: UUID,
    *,
    first_day: date | None,
    last_day: date | None,
    horizon: int,
    label: str | None,
) -> dict[str, Any]:
    """What the score had said `horizon` days before accounts churned or renewed."""
    score = await health_scores.get_score(uow, score_id)
    if score.record_type != "account":
        message = f"Accounts churn; this is a score of {score.record_type} records."
        raise invalid("/path/id", "wrong_record_type", message)
    zone = await uow.zone()
    last = last_day or (await uow.now()).astimezone(zone).date()
    first = first_day or last - _YEAR
    if first > last:
        raise invalid("/query/from", "bad_range", f"The period ends on {last}; begin before that.")
    counts = await queries.outcome_counts(
        uow,
        score_id,
        first_day=first,
        last_day=last,
        since=datetime.combine(first, time(), zone),
        until=datetime.combine(last + timedelta(days=1), time(), zone),
        horizon=horizon,
    )
    warning = label or await queries.lowest_label(uow, score_id, score.definitions_version)
    churned = [count for count in counts if count.outcome == "churned"]
    warned = [count for count in counts if count.label == warning]
    return {
        "score_id": score_id,
        "from": first,
        "to": last,
        "horizon_days": horizon,
        "label": warning,
        "outcomes": [
            {"label": had, "outcome": outcome, "accounts": tally.records, "arr": tally.arr}
            for had, outcome, tally in by_label(counts)
        ],
        "recall": share_of(churned, lambda count: count.label == warning),
        "precision": share_of(warned, lambda count: count.outcome == "churned"),
    }
