from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    tuple_,
    update,
)

from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.models import trait_definitions as traits
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.data import WORKSPACE
from shared.traits.definitions import EditableBy, FormulaResultType, TraitType
from shared.uow import UnitOfWork

COUNTED_TO = 1_000


@dataclass(frozen=True, slots=True)
class Trait:
    id: UUID
    record_type: str
    key: str
    title: str
    description: str | None
    type: TraitType
    options: object
    """As they are stored: `readable_options` tells which can be used."""
    depends_on: str | None
    currency: str | None
    required: bool
    minimum: Decimal | None
    maximum: Decimal | None
    pattern: str | None
    default: object
    editable_by: EditableBy
    source: str
    deprecated: bool
    formula: str | None
    result_type: FormulaResultType | None
    faults: list[dict[str, Any]] | None
    version: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = tuple(traits.c[field.name] for field in fields(Trait))
_LIVING = select(*_COLUMNS).where(traits.c.workspace_id == WORKSPACE, traits.c.deleted_at.is_(None))
_OF_TYPE = _LIVING.where(traits.c.record_type == bindparam("record_type"))
_BY_ID = _LIVING.where(traits.c.id == bindparam("trait_id"))


async def traits_page(
    uow: UnitOfWork, record_type: str | None, after: Sequence[Any] | None, limit: int
) -> list[Trait]:
    page = _LIVING
    if record_type is not None:
        page = page.where(traits.c.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(traits.c.record_type, traits.c.key) > tuple(after))
    return await uow.rows(Trait, page.order_by(traits.c.record_type, traits.c.key).limit(limit))


async def traits_of(uow: UnitOfWork, record_type: str) -> list[Trait]:
    return await uow.rows(Trait, _OF_TYPE, record_type=record_type)


async def trait_by_id(uow: UnitOfWork, trait_id: UUID, *, lock: bool = False) -> Trait | None:
    return await uow.row(Trait, _BY_ID.with_for_update() if lock else _BY_ID, trait_id=trait_id)


async def add_trait(uow: UnitOfWork, values: Mapping[str, object]) -> Trait:
    return await uow.one(Trait, insert(traits).values(**values).returning(*_COLUMNS))


async def change_trait(uow: UnitOfWork, trait_id: UUID, values: Mapping[str, object]) -> Trait:
    new = {"version": traits.c.version + 1, "updated_at": func.clock_timestamp()}
    changed = update(traits).where(*_this(uow, trait_id)).values(**values, **new)
    return await uow.one(Trait, changed.returning(*_COLUMNS))


def _this(uow: UnitOfWork, trait_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return traits.c.workspace_id == uow.workspace_id, traits.c.id == trait_id


async def count_values(uow: UnitOfWork, schema: RecordSchema, key: str) -> int:
    """Records with a value, counted to one more than `COUNTED_TO`."""
    table, valued = _valued(schema, key)
    some = select(table.c.id).where(*valued).limit(COUNTED_TO + 1)
    return await uow.one_value(int, select(func.count()).select_from(some.subquery()))


@dataclass(frozen=True, slots=True)
class _Value:
    id: UUID
    value: str
    """As JSON."""


async def values_page(
    uow: UnitOfWork, schema: RecordSchema, key: str, *, after: UUID | None, limit: int
) -> list[tuple[UUID, Any]]:
    """Living records with their values, by id."""
    table, valued = _valued(schema, key)
    page = select(table.c.id, cast(table.c.traits[key], Text).label("value")).where(*valued)
    if after is not None:
        page = page.where(table.c.id > after)
    rows = await uow.rows(_Value, page.order_by(table.c.id).limit(limit))
    return [(row.id, from_json(row.value)) for row in rows]


def _valued(schema: RecordSchema, key: str) -> tuple[Table, Sequence[ColumnElement[bool]]]:
    """The table of a record type, and which of its rows are living records with a value."""
    table = TABLES[schema.statements.record_type]
    own = [table.c[name] == value for name, value in schema.parameters.items()]
    with_value = func.jsonb_exists(table.c.traits, key)
    return table, [
        table.c.workspace_id == WORKSPACE,
        *own,
        table.c.deleted_at.is_(None),
        with_value,
    ]
