from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, insert, select, text, tuple_, update

from accounts_api.signals.metrics.models import metric_definitions as metrics
from accounts_api.signals.metrics.models import metric_versions
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    id: UUID
    key: str
    title: str
    description: str | None
    record_type: str
    document: dict[str, Any]
    faults: list[dict[str, Any]] | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def unit(self) -> str:
        """`number` of a document that cannot be read any more."""
        return str(self.document.get("unit", "number"))


_COLUMNS = tuple(metrics.c[field.name] for field in fields(MetricDefinition))
_OWN = select(*_COLUMNS).where(metrics.c.workspace_id == WORKSPACE)
_LIVING = _OWN.where(metrics.c.archived_at.is_(None)).order_by(metrics.c.key)
_BY_ID = _OWN.where(metrics.c.id == bindparam("metric_id"))


async def metric_by_id(
    uow: UnitOfWork, metric_id: UUID, *, lock: bool = False
) -> MetricDefinition | None:
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    return await uow.row(MetricDefinition, statement, metric_id=metric_id)


async def living_metrics(uow: UnitOfWork) -> list[MetricDefinition]:
    """By key; a workspace has at most 200."""
    return await uow.rows(MetricDefinition, _LIVING)


async def metrics_page(
    uow: UnitOfWork,
    *,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[MetricDefinition]:
    page = _OWN.where(metrics.c.archived_at.is_not(None) == archived)
    if record_type is not None:
        page = page.where(metrics.c.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(metrics.c.title, metrics.c.id) > tuple_(*after))
    ordered = page.order_by(metrics.c.title, metrics.c.id).limit(limit)
    return await uow.rows(MetricDefinition, ordered)


async def add_metric(uow: UnitOfWork, values: Mapping[str, Any]) -> MetricDefinition:
    added = insert(metrics).values(id=new_id(), **values).returning(*_COLUMNS)
    return await uow.one(MetricDefinition, added)


async def change_metric(
    uow: UnitOfWork, metric_id: UUID, values: Mapping[str, Any]
) -> MetricDefinition:
    """A new version."""
    changed = (
        update(metrics)
        .where(metrics.c.workspace_id == uow.workspace_id, metrics.c.id == metric_id)
        .values(version=metrics.c.version + 1, updated_at=func.clock_timestamp(), **values)
        .returning(*_COLUMNS)
    )
    return await uow.one(MetricDefinition, changed)


async def archive_metric(uow: UnitOfWork, metric_id: UUID) -> MetricDefinition:
    return await change_metric(uow, metric_id, {"archived_at": func.clock_timestamp()})


async def set_faults(
    uow: UnitOfWork, metric_id: UUID, faults: Sequence[Mapping[str, Any]] | None
) -> None:
    """Not a new version: nobody edited it."""
    await uow.run(
        update(metrics)
        .where(
            metrics.c.workspace_id == uow.workspace_id,
            metrics.c.id == metric_id,
            metrics.c.faults.is_distinct_from(
                bindparam("now", faults, type_=metrics.c.faults.type)
            ),
        )
        .values(faults=faults)
    )


async def keep_version(uow: UnitOfWork, metric: MetricDefinition) -> None:
    cause = [link.model_dump(mode="json", exclude_none=True) for link in uow.cause]
    await uow.run(
        insert(metric_versions).values(
            metric_id=metric.id,
            version=metric.version,
            title=metric.title,
            document=metric.document,
            archived=metric.archived_at is not None,
            valid_from=await uow.now(),
            cause=cause,
        )
    )


_EVENT_NAMES = text(
    """
    select name from product_event_names where workspace_id = :workspace_id
    union
    select unnest(events) from product_event_properties where workspace_id = :workspace_id
    """
)


async def event_names(uow: UnitOfWork) -> frozenset[str]:
    """Of product events that came, or of which a property is declared."""
    return frozenset(await uow.values(str, _EVENT_NAMES))


_NAMING = _LIVING.where(
    func.strpos(cast(metrics.c.document, Text), bindparam("named", type_=Text())) > 0
)


async def metrics_naming(uow: UnitOfWork, named: str) -> list[MetricDefinition]:
    """The living ones whose document holds this text."""
    return await uow.rows(MetricDefinition, _NAMING, named=named)
