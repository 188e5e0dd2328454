from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Uuid, any_, bindparam, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.signals.metric_documents.documents import Metric
from accounts_api.signals.metric_values.models import metric_values
from accounts_api.signals.metric_values.statements import values
from shared.data import WORKSPACE
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """What a metric comes to for a record, beside what is stored of it."""

    record_id: UUID
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    null_reason: str | None
    next_change_at: datetime | None
    stored: bool
    stored_numerator: Decimal | None
    stored_denominator: Decimal | None
    stored_value: Decimal | None
    stored_reason: str | None
    stored_next_change_at: datetime | None

    @property
    def is_new(self) -> bool:
        """Another value, or none for another reason."""
        known = (self.stored_value, self.stored_reason)
        return not self.stored or known != (self.value, self.null_reason)

    @property
    def differs(self) -> bool:
        sides = (self.stored_numerator, self.stored_denominator)
        return self.is_new or sides != (self.numerator, self.denominator)


async def computed(
    uow: UnitOfWork, metric: Metric, ids: Sequence[UUID], context: EvaluationContext
) -> list[ComputedValue]:
    """Of those among `ids` that are living records."""
    row, statement = values(metric, context)
    named = bindparam(None, list(ids), type_=ARRAY(Uuid()))
    found = statement.where(row.workspace == WORKSPACE, row.id == any_(named)).subquery()
    mine = _id(metric.id)
    # By its whole key for each record, whatever the statistics of a table that is being filled say.
    known = (
        select(metric_values)
        .where(
            metric_values.c.workspace_id == WORKSPACE,
            metric_values.c.metric_id == mine,
            metric_values.c.record_id == found.c.record_id,
        )
        .correlate(found)
        .limit(1)
        .lateral()
    )
    joined = found.outerjoin(known, true())
    return await uow.rows(
        ComputedValue,
        select(
            *found.c,
            known.c.record_id.is_not(None).label("stored"),
            known.c.numerator.label("stored_numerator"),
            known.c.denominator.label("stored_denominator"),
            known.c.value.label("stored_value"),
            known.c.null_reason.label("stored_reason"),
            stored_next_change(WORKSPACE, mine, found.c.record_id).label("stored_next_change_at"),
        ).select_from(joined),
    )


def _id(value: UUID) -> ColumnElement[Any]:
    return bindparam(None, value, type_=Uuid())


_STORE = text(
    """
    insert into metric_values as v (workspace_id, metric_id, record_id, value, numerator,
                                    denominator, null_reason, since)
    select :workspace_id, :metric_id, r.record_id, r.value, r.numerator, r.denominator,
           r.null_reason, :today
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        record_id uuid, value numeric, numerator numeric, denominator numeric, null_reason text)
    on conflict (workspace_id, metric_id, record_id) do update
    set value = excluded.value, numerator = excluded.numerator,
        denominator = excluded.denominator, null_reason = excluded.null_reason,
        since = case when (v.value, v.null_reason) is distinct from
                          (excluded.value, excluded.null_reason)
                     then excluded.since else v.since end,
        computed_at = clock_timestamp()
    """
)


async def store(
    uow: UnitOfWork, metric_id: UUID, rows: Sequence[ComputedValue], today: date
) -> None:
    given = [
        {
            "record_id": row.record_id,
            "value": _exact(row.value),
            "numerator": _exact(row.numerator),
            "denominator": _exact(row.denominator),
            "null_reason": row.null_reason,
        }
        for row in rows
    ]
    await uow.run(_STORE, metric_id=metric_id, rows=to_json(given).decode(), today=today)


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


_FORGET = text(
    """
    delete from metric_values
    where workspace_id = :workspace_id and metric_id = :metric_id
      and record_id = any(cast(:ids as uuid[]))
    """
)


async def forget(uow: UnitOfWork, metric_id: UUID, ids: Sequence[UUID]) -> None:
    await uow.run(_FORGET, metric_id=metric_id, ids=list(ids))


@dataclass(frozen=True, slots=True)
class StoredValue:
    metric_id: UUID
    record_id: UUID
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    null_reason: str | None
    since: date
    computed_at: datetime


_OF_RECORDS = text(
    """
    select metric_id, record_id, value, numerator, denominator, null_reason, since, computed_at
    from metric_values
    where workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))
    """
)


async def values_of(uow: UnitOfWork, ids: Sequence[UUID]) -> list[StoredValue]:
    """Of all metrics, of these records."""
    return await uow.rows(StoredValue, _OF_RECORDS, ids=list(ids))
