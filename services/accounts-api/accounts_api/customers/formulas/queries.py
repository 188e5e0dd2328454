from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.records.history.as_of import (
    NOTHING_MOVED,
    MovedTypes,
    PointInTime,
    ctes,
    read_in_bulk,
)
from accounts_api.records.schema.models import trait_definitions as traits
from shared.data import WORKSPACE
from shared.rules.interpreter.needs import Needs
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class FormulaTrait:
    id: UUID
    record_type: str
    key: str
    title: str
    formula: str
    result_type: str
    currency: str | None
    faults: list[dict[str, Any]] | None

    @property
    def kept_currency(self) -> str | None:
        return self.currency if self.result_type == "currency" else None


_FORMULAS = select(*(traits.c[field.name] for field in fields(FormulaTrait))).where(
    traits.c.workspace_id == WORKSPACE, traits.c.type == "formula", traits.c.deleted_at.is_(None)
)
_FORMULAS_BY_ID = _FORMULAS.where(traits.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
_FAULTY_FORMULAS = _FORMULAS.where(traits.c.faults.is_not(None))


async def formulas(uow: UnitOfWork, ids: Sequence[UUID] | None) -> list[FormulaTrait]:
    """Those among `ids`, or all."""
    if ids is None:
        return await uow.rows(FormulaTrait, _FORMULAS)
    return await uow.rows(FormulaTrait, _FORMULAS_BY_ID, ids=list(ids))


async def faulty_formulas(uow: UnitOfWork) -> list[FormulaTrait]:
    """Those that stand still."""
    return await uow.rows(FormulaTrait, _FAULTY_FORMULAS)


_FORMULAS_NAMING = _FORMULAS.where(
    func.strpos(traits.c.formula, bindparam("named", type_=Text())) > 0
).order_by(traits.c.title, traits.c.id)


async def formulas_naming(uow: UnitOfWork, named: str) -> list[FormulaTrait]:
    """Whose text holds this, by title."""
    return await uow.rows(FormulaTrait, _FORMULAS_NAMING, named=named)


async def set_faults(uow: UnitOfWork, trait_id: UUID, faults: list[dict[str, Any]] | None) -> None:
    """Not a new version: nobody edited the trait."""
    await uow.run(
        update(traits)
        .where(traits.c.workspace_id == uow.workspace_id, traits.c.id == trait_id)
        .values(faults=faults)
    )


_WAIT = text(
    "select pg_advisory_xact_lock("
    "hashtextextended('moving-fields:' || cast(cast(:workspace_id as uuid) as text), 0))"
)


async def wait_for_turn(uow: UnitOfWork) -> None:
    """One transaction of a workspace at a time looks which fields move."""
    await uow.run(_WAIT)


_STORE_MOVING_FIELDS = text(
    """
    insert into moving_fields as known (workspace_id, version, fields)
    values (:workspace_id, 1, :fields)
    on conflict (workspace_id) do update
    set version = known.version + 1, fields = excluded.fields
    where known.fields <> excluded.fields
    returning version
    """
)


async def store_moving_fields(uow: UnitOfWork, fields: Sequence[str]) -> int | None:
    """Their version; None when they are those that are stored."""
    return await uow.value(int, _STORE_MOVING_FIELDS, fields=list(fields))


@dataclass(frozen=True, slots=True)
class SeenRecord:
    id: UUID
    name: str
    seen: str
    """What formulas see of it, for `read_snapshot`."""


async def snapshots(
    uow: UnitOfWork,
    needs: Needs,
    ids: Sequence[UUID] | None,
    context: EvaluationContext,
    *,
    newest: int | None = None,
    point: PointInTime | None = None,
    moved: MovedTypes = NOTHING_MOVED,
) -> list[SeenRecord]:
    """Of these living records, of all, or of the newest, and then in that order; then, or now with
    what time has moved.
    """
    row = record_table(needs.type)
    seen = snapshot(needs, row, context).label("seen")
    statement = select(row.c.id, row.c.name, seen).where(
        row.c.workspace_id == WORKSPACE, row.c.deleted_at.is_(None)
    )
    if ids is not None:
        named = bindparam(None, list(ids), type_=ARRAY(Uuid()))
        statement = statement.where(row.c.id == any_(named))
    if newest is not None:
        statement = statement.order_by(row.c.id.desc()).limit(newest)
    if point is None:
        return await uow.rows(SeenRecord, moved.begun(statement), **moved.parameters)
    if ids is None:
        await read_in_bulk(uow)
    return await uow.rows(SeenRecord, statement.add_cte(*ctes()), **point.parameters())
