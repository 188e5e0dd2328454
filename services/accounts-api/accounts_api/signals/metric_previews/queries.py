from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select, text

from accounts_api.signals.metric_documents.documents import Metric
from accounts_api.signals.metric_values.service import values
from shared.data import WORKSPACE
from shared.rules.types.catalog import RecordType
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class DraftValue:
    record_id: UUID
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    null_reason: str | None


async def count_records(uow: UnitOfWork, type_: RecordType) -> int:
    statement = text(
        f"select count(*) from {type_.table}"
        " where workspace_id = :workspace_id and deleted_at is null"
    )
    return await uow.one_value(int, statement)


async def draft_values(
    uow: UnitOfWork, metric: Metric, context: EvaluationContext, one_in: int
) -> list[DraftValue]:
    """Of every so manieth living record, by a hash of its id."""
    row, statement = values(metric, context)
    hashed = func.abs(cast(func.hashtext(cast(row.id, Text())), BigInteger()))
    parts = bindparam(None, one_in, type_=BigInteger())
    chosen = statement.where(row.workspace == WORKSPACE, func.mod(hashed, parts) == 0)
    found = chosen.subquery()
    return await uow.rows(DraftValue, select(*(found.c[one.name] for one in fields(DraftValue))))


@dataclass(frozen=True, slots=True)
class NamedRecord:
    id: UUID
    name: str


async def names(uow: UnitOfWork, type_: RecordType, ids: Sequence[UUID]) -> dict[UUID, str]:
    statement = text(
        f"select id, name from {type_.table}"
        " where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))"
    )
    rows = await uow.rows(NamedRecord, statement, ids=list(ids))
    return {row.id: row.name for row in rows}
