from collections import defaultdict
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from accounts_api.signals.health_definitions import service as health_definitions
from accounts_api.signals.health_definitions.schemas import HealthDefinitionsIn
from accounts_api.signals.health_previews import queries
from accounts_api.signals.health_previews.rules import Move
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.health_values.statement import List
from accounts_api.signals.scoring.spread import spread
from shared.lists import moment
from shared.lists.filters import in_time
from shared.uow import UnitOfWork


async def preview_definitions(
    uow: UnitOfWork, score_id: UUID, data: HealthDefinitionsIn
) -> dict[str, Any]:
    """What a draft would give to every record, beside what each has now; nothing is stored."""
    score = await health_scores.get_score(uow, score_id)
    read = await health_definitions.drafted(uow, score, data.definitions)
    catalog = await record_catalog.rule_catalog(uow)
    stops = score.stop_at_churn and score.record_type == "account"
    draft = List(read, catalog.types[score.record_type], stops)
    schema = RECORD_SCHEMAS[score.record_type]
    ids = await queries.sample(uow, schema)
    context = await moment.evaluation_context(uow)
    with in_time("/definitions"):
        found = await queries.draft_counts(uow, draft, score_id, context, ids)
    used = await health_scores.used_by(uow, score)
    return {
        "score_id": score_id,
        "records": found.records,
        "stopped": found.stopped,
        "sampled": ids is not None,
        "before": spread(_pairs(found.before)),
        "after": spread(_pairs(found.after)),
        "moves": _moves(from_json(found.moves)),
        "unscored": from_json(found.unscored),
        "movers": from_json(found.movers),
        "usages": used.as_json()["usages"],
    }


def _pairs(counts: str) -> list[tuple[int, int]]:
    return [(row["score"], row["records"]) for row in from_json(counts)]


def _moves(rows: list[dict[str, Any]]) -> list[Move]:
    """Every pair of labels once, whatever currencies its ARR is in."""
    records: dict[tuple[str, str], int] = defaultdict(int)
    arr: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    labels: dict[tuple[str, str], tuple[str | None, str | None]] = {}
    for row in rows:
        pair = (row["before"] or "", row["after"] or "")
        labels[pair] = (row["before"], row["after"])
        records[pair] += row["records"]
        if row["currency"] is not None and row["arr"]:
            arr[pair][row["currency"]] = int(row["arr"])
    return [Move(*labels[pair], records[pair], arr[pair]) for pair in sorted(records)]
