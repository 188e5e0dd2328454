from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import Uuid, bindparam, select, text

from accounts_api.records.history.as_of import PointInTime, ctes_named, names_in
from accounts_api.signals.metric_documents.documents import Metric
from accounts_api.signals.metric_series.rules import CountedDay, FieldChange
from accounts_api.signals.metric_values.service import values
from shared.data import WORKSPACE
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

_OWN: Final = {
    "account": "d.account_id = :record_id",
    "contact": "d.contact_id = :record_id",
    "organization": "d.account_id in (select id from accounts where workspace_id = :workspace_id"
    " and organization_id = :record_id and deleted_at is null)",
}
_DAYS: Final = {
    record_type: text(
        f"""
        select d.name, d.day, d.contact_id, sum(d.count)::bigint as count,
               '{{}}'::jsonb as properties
        from product_event_days d
        where d.workspace_id = :workspace_id and {own} and d.day between :first and :last
        group by d.name, d.day, d.contact_id
        """
    )
    for record_type, own in _OWN.items()
}
_VALUES: Final = {
    record_type: text(
        f"""
        select d.name, d.day, d.contact_id, d.count, d.properties
        from product_event_values d
        where d.workspace_id = :workspace_id and {own} and d.day between :first and :last
        """
    )
    for record_type, own in _OWN.items()
}


async def event_days(
    uow: UnitOfWork, record_type: str, record_id: UUID, first: date, last: date
) -> list[CountedDay]:
    days = {"first": first, "last": last}
    return await uow.rows(CountedDay, _DAYS[record_type], record_id=record_id, **days)


async def event_values(
    uow: UnitOfWork, record_type: str, record_id: UUID, first: date, last: date
) -> list[CountedDay]:
    """With their declared properties."""
    days = {"first": first, "last": last}
    return await uow.rows(CountedDay, _VALUES[record_type], record_id=record_id, **days)


_CHANGES = text(
    """
    select field, old::text as old, new::text as new, valid_from, known_at, id
    from field_changes
    where workspace_id = :workspace_id and record_id = :record_id
      and field = any(cast(:fields as text[]))
    """
)


async def field_changes(
    uow: UnitOfWork, record_id: UUID, fields: Sequence[str]
) -> list[FieldChange]:
    rows = await uow.rows(FieldChange, _CHANGES, record_id=record_id, fields=list(fields))
    return [
        FieldChange(row.field, _json(row.old), _json(row.new), row.valid_from, row.known_at, row.id)
        for row in rows
    ]


def _json(given: Any) -> Any:
    return None if given is None else from_json(given)


@dataclass(frozen=True, slots=True)
class PastValue:
    value: Decimal | None
    null_reason: str | None


async def value_as_of(
    uow: UnitOfWork, metric: Metric, record_id: UUID, context: EvaluationContext
) -> PastValue | None:
    """What it came to at the instant of `context`, by what records were then; None before the
    record was there.
    """
    row, statement = values(metric, context)
    mine = bindparam(None, record_id, type_=Uuid())
    found = statement.where(row.workspace == WORKSPACE, row.id == mine).subquery()
    chosen = select(found.c.value, found.c.null_reason)
    past = chosen.add_cte(*ctes_named(names_in(str(chosen))))
    point = PointInTime(context.now, None)
    return await uow.row(PastValue, past, **point.parameters())
