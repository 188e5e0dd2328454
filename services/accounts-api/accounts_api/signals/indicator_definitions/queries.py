from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.signals.indicator_definitions.models import indicator_definitions
from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.uow import UnitOfWork

_D = indicator_definitions.c
_COLUMNS = tuple(_D[field.name] for field in fields(IndicatorDefinition))
_OF_WORKSPACE = select(*_COLUMNS).where(_D.workspace_id == WORKSPACE)
_LIVE = _OF_WORKSPACE.where(_D.archived_at.is_(None)).order_by(_D.title, _D.id)
_BY_ID = _OF_WORKSPACE.where(_D.id == bindparam("definition_id"))
_BY_IDS = _OF_WORKSPACE.where(_D.id == any_(bindparam("ids", type_=ARRAY(Uuid())))).order_by(_D.id)


async def definition_by_id(
    uow: UnitOfWork, definition_id: UUID, *, lock: bool = False
) -> IndicatorDefinition | None:
    statement = _BY_ID.with_for_update(key_share=True) if lock else _BY_ID
    return await uow.row(IndicatorDefinition, statement, definition_id=definition_id)


async def definitions_by_id(uow: UnitOfWork, ids: Collection[UUID]) -> list[IndicatorDefinition]:
    """Archived ones too."""
    return await uow.rows(IndicatorDefinition, _BY_IDS, ids=list(ids)) if ids else []


async def live_definitions(uow: UnitOfWork) -> list[IndicatorDefinition]:
    """By title."""
    return await uow.rows(IndicatorDefinition, _LIVE)


async def definitions_page(
    uow: UnitOfWork,
    *,
    kind: str | None,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[IndicatorDefinition]:
    page = _OF_WORKSPACE.where(_D.archived_at.is_not(None) == archived)
    if kind is not None:
        page = page.where(_D.kind == kind)
    if record_type is not None:
        page = page.where(_D.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(_D.title, _D.id) > tuple_(*after))
    return await uow.rows(IndicatorDefinition, page.order_by(_D.title, _D.id).limit(limit))


_NAMING = _LIVE.where(func.strpos(cast(_D.rule, Text), bindparam("named", type_=Text())) > 0)


async def definitions_naming(uow: UnitOfWork, named: str) -> list[IndicatorDefinition]:
    """Whose rules hold this text, by title."""
    return await uow.rows(IndicatorDefinition, _NAMING, named=named)


_BY_ASSIGNEE = _LIVE.where(
    _D.call_to_action["assignee_key_role"].astext == bindparam("key_role", type_=Text())
)


async def definitions_by_assignee(uow: UnitOfWork, key_role: str) -> list[IndicatorDefinition]:
    """Whose task a holder of the key role does, by title."""
    return await uow.rows(IndicatorDefinition, _BY_ASSIGNEE, key_role=key_role)


async def add_definition(uow: UnitOfWork, values: Mapping[str, object]) -> IndicatorDefinition:
    added = insert(indicator_definitions).values(id=new_id(), **values).returning(*_COLUMNS)
    return await uow.one(IndicatorDefinition, added)


async def change_definition(
    uow: UnitOfWork, definition_id: UUID, values: Mapping[str, object]
) -> IndicatorDefinition:
    """A new version, without the faults of the one before."""
    changed = (
        update(indicator_definitions)
        .where(_D.workspace_id == uow.workspace_id, _D.id == definition_id)
        .values(
            version=_D.version + 1,
            updated_at=func.clock_timestamp(),
            **{"faults": None, **values},
        )
        .returning(*_COLUMNS)
    )
    return await uow.one(IndicatorDefinition, changed)


async def archive_definition(uow: UnitOfWork, definition_id: UUID) -> IndicatorDefinition:
    return await change_definition(uow, definition_id, {"archived_at": func.clock_timestamp()})


async def set_faults(
    uow: UnitOfWork, definition_id: UUID, faults: list[dict[str, Any]] | None
) -> None:
    await uow.run(
        update(indicator_definitions)
        .where(_D.workspace_id == uow.workspace_id, _D.id == definition_id)
        .values(faults=faults)
    )


@dataclass(frozen=True, slots=True)
class _Count:
    definition_id: UUID
    open: int


_COUNTS = text(
    """
    select definition_id, count(*) as open from indicators
    where workspace_id = :workspace_id and state = 'open'
      and definition_id = any(cast(:ids as uuid[]))
    group by definition_id
    """
)


async def open_counts(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many open indicators each has; one without any is left out."""
    counted = await uow.rows(_Count, _COUNTS, ids=list(ids))
    return {count.definition_id: count.open for count in counted}


_CHANGE_SEVERITY = text(
    """
    update indicators set severity = :severity
    where workspace_id = :workspace_id and definition_id = :definition_id and state <> 'cleared'
    """
)


async def change_severity(uow: UnitOfWork, definition_id: UUID, severity: int) -> None:
    """Of the indicators that are live."""
    await uow.run(_CHANGE_SEVERITY, definition_id=definition_id, severity=severity)
