from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, and_, bindparam, cast, func, insert, select, update

from accounts_api.signals.health_scores.models import health_definitions, health_score_types
from shared.data import WORKSPACE
from shared.events.signals.health import HealthRecordType
from shared.ids import new_id
from shared.keys import Keys
from shared.uow import UnitOfWork

KEYS: Final = Keys("health_score", "health_score_types", "archived_at is null")


OVERALL: Final = "overall"
"""The key of the score that rules read without its key."""


@dataclass(frozen=True, slots=True)
class HealthScore:
    id: UUID
    key: str
    title: str
    record_type: HealthRecordType
    stop_at_churn: bool
    publish_delta: int
    definitions_version: int
    faults: list[dict[str, Any]] | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def fields(self) -> tuple[str, ...]:
        """What rules read of it by these names."""
        names = tuple(f"health.{self.key}.{what}" for what in ("score", "label"))
        return (*names, "health.score", "health.label") if self.key == OVERALL else names


_TYPES = health_score_types
_COLUMNS = tuple(_TYPES.c[field.name] for field in fields(HealthScore))
_OF_WORKSPACE = select(*_COLUMNS).where(_TYPES.c.workspace_id == WORKSPACE)
_LIVE = _OF_WORKSPACE.where(_TYPES.c.archived_at.is_(None)).order_by(_TYPES.c.title, _TYPES.c.id)
_ARCHIVED = _OF_WORKSPACE.where(_TYPES.c.archived_at.is_not(None)).order_by(
    _TYPES.c.title, _TYPES.c.id
)
_BY_ID = _OF_WORKSPACE.where(_TYPES.c.id == bindparam("score_id"))


async def scores(uow: UnitOfWork, *, archived: bool = False) -> list[HealthScore]:
    """By title. There are few."""
    return await uow.rows(HealthScore, _ARCHIVED if archived else _LIVE)


async def score_by_id(uow: UnitOfWork, score_id: UUID, *, lock: bool = False) -> HealthScore | None:
    statement = _BY_ID.with_for_update(key_share=True) if lock else _BY_ID
    return await uow.row(HealthScore, statement, score_id=score_id)


_NAMING = (
    _OF_WORKSPACE.join(
        health_definitions,
        and_(
            health_definitions.c.workspace_id == _TYPES.c.workspace_id,
            health_definitions.c.score_id == _TYPES.c.id,
            health_definitions.c.version == _TYPES.c.definitions_version,
        ),
    )
    .where(
        _TYPES.c.archived_at.is_(None),
        func.strpos(cast(health_definitions.c.document, Text), bindparam("named", type_=Text()))
        > 0,
    )
    .order_by(_TYPES.c.title, _TYPES.c.id)
)


async def scores_naming(uow: UnitOfWork, named: str) -> list[HealthScore]:
    """Whose definitions hold this text, by title."""
    return await uow.rows(HealthScore, _NAMING, named=named)


async def add_score(uow: UnitOfWork, values: Mapping[str, object]) -> HealthScore:
    statement = insert(_TYPES).values(id=new_id(), definitions_version=1, **values)
    return await uow.one(HealthScore, statement.returning(*_COLUMNS))


async def change_score(
    uow: UnitOfWork, score_id: UUID, values: Mapping[str, object]
) -> HealthScore:
    statement = (
        update(_TYPES)
        .where(_TYPES.c.workspace_id == uow.workspace_id, _TYPES.c.id == score_id)
        .values(version=_TYPES.c.version + 1, updated_at=func.clock_timestamp(), **values)
    )
    return await uow.one(HealthScore, statement.returning(*_COLUMNS))


async def archive_score(uow: UnitOfWork, score_id: UUID) -> HealthScore:
    return await change_score(uow, score_id, {"archived_at": func.clock_timestamp()})


async def set_faults(uow: UnitOfWork, score_id: UUID, faults: list[dict[str, Any]] | None) -> None:
    """What the worker finds of a score: no new version."""
    statement = update(_TYPES).where(
        _TYPES.c.workspace_id == uow.workspace_id, _TYPES.c.id == score_id
    )
    await uow.run(statement.values(faults=faults))


@dataclass(frozen=True, slots=True)
class DefinitionList:
    """A version of the list of a score's definitions."""

    score_id: UUID
    version: int
    document: list[dict[str, Any]]
    valid_from: datetime
    created_at: datetime


_LISTS = select(*(health_definitions.c[field.name] for field in fields(DefinitionList))).where(
    health_definitions.c.workspace_id == WORKSPACE,
    health_definitions.c.score_id == bindparam("score_id"),
    health_definitions.c.version == bindparam("version"),
)


async def definition_list(uow: UnitOfWork, score_id: UUID, version: int) -> DefinitionList | None:
    return await uow.row(DefinitionList, _LISTS, score_id=score_id, version=version)


async def add_definition_list(
    uow: UnitOfWork,
    score_id: UUID,
    version: int,
    document: list[dict[str, Any]],
    cause: list[dict[str, Any]],
) -> DefinitionList:
    statement = insert(health_definitions).values(
        score_id=score_id,
        version=version,
        document=document,
        valid_from=await uow.now(),
        cause=cause,
    )
    columns = (health_definitions.c[field.name] for field in fields(DefinitionList))
    return await uow.one(DefinitionList, statement.returning(*columns))
