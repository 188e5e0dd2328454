from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from accounts_api.records.store.service import living, state_of
from accounts_api.signals.metric_documents.arithmetic import Worked
from accounts_api.signals.metric_documents.documents import (
    FieldOf,
    Metric,
    PropertySum,
    happenings,
    walk,
)
from accounts_api.signals.metric_reliability import service as reliability
from accounts_api.signals.metric_series import queries
from accounts_api.signals.metric_series.rules import (
    MOST_POINTS,
    MOST_POINTS_OF_RELATED,
    FieldChange,
    Past,
    RollUp,
    days_of,
    held,
    longest_way_back,
    reads_related,
    value_on,
)
from accounts_api.signals.metric_values.service import as_number
from accounts_api.signals.metrics import service as metrics
from shared.errors import Conflict, Fault, Invalid
from shared.lists import moment
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

_INSTANT: Final = timedelta(microseconds=1)


class MetricFaulty(Conflict):
    code = "metric_faulty"
    title = "This metric cannot be worked out any more"


async def usable_metric(uow: UnitOfWork, metric_id: UUID) -> Metric:
    """A living metric. Raises `MetricNotFound`, `MetricArchived` or `MetricFaulty`."""
    definition = await metrics.get_metric(uow, metric_id)
    if definition.archived_at is not None:
        raise metrics.MetricArchived("Its values went with it.")
    found = (await metrics.library(uow)).metric(metric_id)
    if found is None:
        raise MetricFaulty("Its `faults` say why; mend it first.")
    return found


async def series(
    uow: UnitOfWork, metric_id: UUID, record_id: UUID, first: date, last: date | None, step: str
) -> dict[str, Any]:
    """The value at the end of each step."""
    metric = await usable_metric(uow, metric_id)
    context = await moment.evaluation_context(uow)
    record_id = await _living(uow, metric, record_id)
    end = min(last or context.today, context.today)
    _must_be_in_order(first, last, context)
    days = days_of(first, end, step)
    most = MOST_POINTS_OF_RELATED if reads_related(metric) else MOST_POINTS
    if len(days) > most:
        message = f"It would have {len(days)} points; this metric has at most {most} at once."
        raise Invalid(faults=[Fault("/query/step", "too_many", message)])
    reliable = (await reliability.of_metrics(uow, [metric], context))[metric.id]
    worked = await values_on(uow, metric, record_id, days, context)
    points = [
        {
            "day": day,
            "value": None if one is None else as_number(one.value),
            "null_reason": "no_record" if one is None else one.null_reason,
            "reliable": reliable.holds_on(day),
        }
        for day, one in zip(days, worked, strict=True)
    ]
    return {
        "metric_id": metric.id,
        "record_id": record_id,
        "step": step,
        "reliable_from": reliable.day,
        "because": reliable.because,
        "points": points,
    }


def _must_be_in_order(first: date, last: date | None, context: EvaluationContext) -> None:
    if first > context.today:
        message = f"It is {context.today} in the workspace: that is still to come."
        raise Invalid(faults=[Fault("/query/from", "in_the_future", message)])
    if last is not None and last < first:
        raise Invalid(faults=[Fault("/query/to", "bad_value", "It lies before `from`.")])


async def _living(uow: UnitOfWork, metric: Metric, record_id: UUID) -> UUID:
    schema = RECORD_SCHEMAS[metric.type.name]
    found = (await living(uow, schema, [str(record_id)])).get(str(record_id))
    if found is None:
        raise RecordNotFound(f"There is no {metric.type.name} with this id.")
    return UUID(found)


async def values_on(
    uow: UnitOfWork,
    metric: Metric,
    record_id: UUID,
    days: Sequence[date],
    context: EvaluationContext,
) -> list[Worked | None]:
    """At the end of each day, the last of which may be today; None before the record was there."""
    if reads_related(metric):
        found: list[Worked | None] = []
        for day in days:
            then = replace(context, now=_end_of(day, context))
            row = await queries.value_as_of(uow, metric, record_id, then)
            found.append(row and Worked(row.value, row.null_reason))  # type: ignore[arg-type]
        return found
    past = await read_past(uow, metric, record_id, days, context)
    return [value_on(metric, day, known) if known else None for day, known in past]


def _end_of(day: date, context: EvaluationContext) -> datetime:
    return min(context.day_start(day + timedelta(days=1)) - _INSTANT, context.now)


async def read_past(
    uow: UnitOfWork,
    metric: Metric,
    record_id: UUID,
    days: Sequence[date],
    context: EvaluationContext,
) -> list[tuple[date, Past | None]]:
    """What each day is worked out of: the roll-ups and the record's history, each read once."""
    if not days:
        return []
    first = min(days) - timedelta(days=longest_way_back(metric))
    span = (metric.type.name, record_id, first, max(days))
    summed = any(isinstance(source, PropertySum) for source, _ in walk(metric))
    events = RollUp.of(await queries.event_days(uow, *span) if happenings(metric) else [])
    valued = RollUp.of(await queries.event_values(uow, *span) if summed else [])
    history = await _history(uow, metric, record_id)
    found: list[tuple[date, Past | None]] = []
    for day in days:
        record = history.at(_end_of(day, context))
        known = None if record is None else Past(events, valued, record, context)
        found.append((day, known))
    return found


@dataclass(frozen=True, slots=True)
class _History:
    state: Mapping[str, Any]
    fields: Sequence[Field]
    changes: Mapping[str, Sequence[FieldChange]]

    def at(self, at: datetime) -> Snapshot | None:
        """What the metric reads of the record; None before it was there."""
        if any(change.valid_from > at for change in self.changes.get("created", ())):
            return None
        columns: dict[str, Any] = {}
        traits: dict[str, Any] = {}
        for one in self.fields:
            names = [one.name, *([one.currency_column] if one.currency_column else [])]
            for name in names:
                key = name.removeprefix("traits.")
                known = self.state["traits"] if one.trait else self.state
                value = held(self.changes.get(name, ()), at, known.get(key))
                if one.trait and name == one.name:
                    traits[one.trait] = value
                else:
                    columns[name] = _typed(one, value) if name == one.name else value
        return Snapshot("", columns, traits)


def _typed(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if field.type is FieldType.DATETIME:
        return datetime.fromisoformat(value).astimezone(UTC)
    return date.fromisoformat(value) if field.type is FieldType.DATE else value


async def _history(uow: UnitOfWork, metric: Metric, record_id: UUID) -> _History:
    fields = [source.field for source, _ in walk(metric) if isinstance(source, FieldOf)]
    state = await state_of(uow, RECORD_SCHEMAS[metric.type.name], record_id)
    if state is None:
        raise RecordNotFound(f"There is no {metric.type.name} with this id.")
    names = {"created", *(one.name for one in fields)}
    names |= {one.currency_column for one in fields if one.currency_column}
    changes: dict[str, list[FieldChange]] = defaultdict(list)
    for change in await queries.field_changes(uow, record_id, sorted(names)):
        changes[change.field].append(change)
    return _History(state, fields, changes)
