from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.language.interpreter.needs import Needs
from accounts_api.language.rules.context import EvaluationContext
from accounts_api.language.sql.rows import record_table
from accounts_api.language.sql.snapshot import snapshot
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.models import trait_definitions as traits
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.held_work import not_held

COUNTED_TO = 1_000


async def traits_page(
    session: AsyncSession,
    workspace_id: UUID,
    record_type: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Any]:
    page = select(traits).where(
        traits.c.workspace_id == workspace_id, traits.c.deleted_at.is_(None)
    )
    if record_type is not None:
        page = page.where(traits.c.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(traits.c.record_type, traits.c.key) > tuple(after))
    page = page.order_by(traits.c.record_type, traits.c.key).limit(limit)
    return (await session.execute(page)).all()


async def traits_of(session: AsyncSession, workspace_id: UUID, record_type: str) -> Sequence[Any]:
    found = select(traits).where(
        traits.c.workspace_id == workspace_id,
        traits.c.record_type == record_type,
        traits.c.deleted_at.is_(None),
    )
    return (await session.execute(found)).all()


async def trait_by_id(
    session: AsyncSession, workspace_id: UUID, trait_id: UUID, *, lock: bool = False
) -> Any:
    found = select(traits).where(
        traits.c.workspace_id == workspace_id,
        traits.c.id == trait_id,
        traits.c.deleted_at.is_(None),
    )
    return (await session.execute(found.with_for_update() if lock else found)).one_or_none()


async def add_trait(session: AsyncSession, workspace_id: UUID, fields: Mapping[str, Any]) -> Any:
    made = insert(traits).values(workspace_id=workspace_id, **fields).returning(traits)
    return (await session.execute(made)).one()


async def change_trait(
    session: AsyncSession, workspace_id: UUID, trait_id: UUID, fields: Mapping[str, Any]
) -> Any:
    changed = (
        update(traits)
        .where(traits.c.workspace_id == workspace_id, traits.c.id == trait_id)
        .values(**fields, version=traits.c.version + 1, updated_at=func.clock_timestamp())
        .returning(traits)
    )
    return (await session.execute(changed)).one()


async def remove_trait(session: AsyncSession, workspace_id: UUID, trait_id: UUID) -> None:
    await session.execute(
        delete(traits).where(traits.c.workspace_id == workspace_id, traits.c.id == trait_id)
    )


async def bury_trait(session: AsyncSession, workspace_id: UUID, trait_id: UUID) -> None:
    """Gone for everyone but the job that clears its values."""
    await session.execute(
        update(traits)
        .where(traits.c.workspace_id == workspace_id, traits.c.id == trait_id)
        .values(deleted_at=func.clock_timestamp())
    )


async def count_values(
    session: AsyncSession, workspace_id: UUID, schema: RecordSchema, key: str
) -> int:
    """Records with a value, counted to one more than `COUNTED_TO`."""
    table, valued = _valued(workspace_id, schema, key)
    some = select(table.c.id).where(*valued).limit(COUNTED_TO + 1)
    return int(await session.scalar(select(func.count()).select_from(some.subquery())) or 0)


async def values_page(
    session: AsyncSession,
    workspace_id: UUID,
    schema: RecordSchema,
    key: str,
    *,
    after: UUID | None,
    limit: int,
) -> list[tuple[UUID, Any]]:
    """Living records with their values, by id."""
    table, valued = _valued(workspace_id, schema, key)
    page = select(table.c.id, cast(table.c.traits[key], Text).label("value")).where(*valued)
    if after is not None:
        page = page.where(table.c.id > after)
    page = page.order_by(table.c.id).limit(limit)
    found = await session.execute(page)
    return [(row.id, from_json(row.value)) for row in found]


def _valued(
    workspace_id: UUID, schema: RecordSchema, key: str
) -> tuple[Table, Sequence[ColumnElement[bool]]]:
    """The table of a record type, and which of its rows are living records with a value."""
    table = TABLES[schema.statements.record_type]
    own = [table.c[name] == value for name, value in schema.parameters.items()]
    with_value = func.jsonb_exists(table.c.traits, key)
    return table, [
        table.c.workspace_id == workspace_id,
        *own,
        table.c.deleted_at.is_(None),
        with_value,
    ]


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


_FORMULAS = select(*(traits.c[name] for name in FormulaTrait.__annotations__)).where(
    traits.c.type == "formula", traits.c.deleted_at.is_(None)
)


async def formulas(
    session: AsyncSession, workspace_id: UUID, ids: Sequence[UUID] | None
) -> list[FormulaTrait]:
    """Those among `ids`, or all."""
    found = _FORMULAS.where(traits.c.workspace_id == workspace_id)
    if ids is not None:
        found = found.where(traits.c.id == _ids(ids))
    return [FormulaTrait(*row) for row in await session.execute(found)]


async def faulty_formulas(session: AsyncSession, workspace_id: UUID) -> list[FormulaTrait]:
    """Those that stand still."""
    found = _FORMULAS.where(traits.c.workspace_id == workspace_id, traits.c.faults.is_not(None))
    return [FormulaTrait(*row) for row in await session.execute(found)]


async def set_faults(
    session: AsyncSession, workspace_id: UUID, trait_id: UUID, faults: Any
) -> None:
    """Not a new version: nobody edited the trait."""
    await session.execute(
        update(traits)
        .where(traits.c.workspace_id == workspace_id, traits.c.id == trait_id)
        .values(faults=faults)
    )


async def snapshots(
    session: AsyncSession,
    workspace_id: UUID,
    needs: Needs,
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> dict[UUID, str]:
    """For each living record what formulas see of it, for `read_snapshot`."""
    row = record_table(needs.type)
    seen = snapshot(needs, row, context).label("seen")
    found = select(row.c.id, seen).where(
        row.c.workspace_id == workspace_id, row.c.id == _ids(ids), row.c.deleted_at.is_(None)
    )
    return {row.id: row.seen for row in await session.execute(found)}


async def samples(
    session: AsyncSession,
    workspace_id: UUID,
    needs: Needs,
    ids: Sequence[UUID] | None,
    limit: int,
    context: EvaluationContext,
) -> Sequence[Any]:
    """Rows of (id, name, seen): these living records, or the newest."""
    row = record_table(needs.type)
    seen = snapshot(needs, row, context).label("seen")
    found = select(row.c.id, row.c.name, seen).where(
        row.c.workspace_id == workspace_id, row.c.deleted_at.is_(None)
    )
    if ids is not None:
        found = found.where(row.c.id == _ids(ids))
    return (await session.execute(found.order_by(row.c.id.desc()).limit(limit))).all()


def _ids(ids: Sequence[UUID]) -> ColumnElement[Any]:
    return any_(bindparam(None, list(ids), type_=ARRAY(Uuid())))


CLEARING: Final = "deleted_traits"
_BURIED = text(
    "select workspace_id, id, record_type, key from trait_definitions d"
    f" where deleted_at is not null and {not_held(CLEARING, 'd.workspace_id', 'd.id::text')}"
    " order by deleted_at limit 1"
)


async def buried_trait(session: AsyncSession) -> Any:
    """Of any workspace: one whose values are still to be cleared."""
    return (await session.execute(_BURIED)).one_or_none()
