"""The values of metrics as they are stored, of one record or put in beside many."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.service import living
from accounts_api.signals.metric_reliability import service as reliability
from accounts_api.signals.metric_reliability.service import Reliable
from accounts_api.signals.metric_values import queries
from accounts_api.signals.metric_values.queries import StoredValue
from accounts_api.signals.metric_values.statements import values
from accounts_api.signals.metrics import service as metrics
from accounts_api.signals.metrics.service import MetricDefinition
from shared.lists import moment
from shared.uow import UnitOfWork

__all__ = ["values"]

INCLUDE: Final = "metrics"


async def of_record(uow: UnitOfWork, schema: RecordSchema, record_id: UUID) -> list[dict[str, Any]]:
    """By the metric's title. The id of a record that was merged away leads to its winner."""
    found = (await living(uow, schema, [str(record_id)])).get(str(record_id))
    if found is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    definitions = await _definitions(uow, schema)
    stored = {one.metric_id: one for one in await queries.values_of(uow, [UUID(found)])}
    context = await moment.evaluation_context(uow)
    readable = (await metrics.library(uow)).of_type(schema.record_type)
    reliable = await reliability.of_metrics(uow, readable, context)
    return [
        {
            "metric_id": one.id,
            "key": one.key,
            "title": one.title,
            **_shown(one, stored.get(one.id)),
            **_reliable(reliable.get(one.id), context.today),
        }
        for one in definitions
    ]


def _reliable(known: Reliable | None, today: date) -> dict[str, Any]:
    """A metric that stands still is not."""
    if known is None:
        return {"reliable": False, "reliable_from": None, "because": None}
    whole = known.holds_on(today)
    return {"reliable": whole, "reliable_from": known.day, "because": known.because}


async def _definitions(uow: UnitOfWork, schema: RecordSchema) -> list[MetricDefinition]:
    found = [one for one in await metrics.living(uow) if one.record_type == schema.record_type]
    return sorted(found, key=lambda one: (one.title, one.id))


def _shown(definition: MetricDefinition, stored: StoredValue | None) -> dict[str, Any]:
    """Without a row it has not been worked out yet."""
    unit = {"unit": definition.unit}
    if stored is None:
        missing = dict.fromkeys(("value", "numerator", "denominator", "since"))
        return {**unit, **missing, "null_reason": "not_worked_out"}
    sides = ("value", "numerator", "denominator")
    numbers = {name: as_number(getattr(stored, name)) for name in sides}
    return {**unit, **numbers, "null_reason": stored.null_reason, "since": stored.since}


def as_number(value: Any) -> float | int | None:
    """As JSON has it."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


async def of_records(
    uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]
) -> Mapping[str, str]:
    """By record, as JSON: by the key of each metric what it comes to."""
    definitions = {one.id: one for one in await _definitions(uow, schema)}
    if not definitions:
        return {}
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for one in await queries.values_of(uow, [UUID(id_) for id_ in ids]):
        definition = definitions.get(one.metric_id)
        if definition is not None:
            found[str(one.record_id)][definition.key] = _shown(definition, one)
    return {id_: to_json(known).decode() for id_, known in found.items()}
