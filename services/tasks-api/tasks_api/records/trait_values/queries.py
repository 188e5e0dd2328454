from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Text, bindparam, cast, delete, func, select, text, update

from shared.data import WORKSPACE, Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork
from tasks_api.records.traits.models import trait_definitions as traits
from tasks_api.records.upserts.tables import Upserted

CONVERTING: Final = "trait_values"


@dataclass(frozen=True, slots=True)
class DueTrait:
    workspace_id: UUID
    id: UUID
    record_type: str
    key: str
    deleted: bool


_DUE = text(
    f"""
    select workspace_id, id, record_type, key, deleted from trait_definitions d
    where converting and {not_held(CONVERTING, "d.workspace_id", "d.id::text")}
    order by id limit 1
    """
)


async def due_trait(scope: Transaction) -> DueTrait | None:
    """Of any workspace: one whose values are still to be looked at."""
    return await scope.row(DueTrait, _DUE)


_COUNT_CONVERTING = text(
    "select count(*) from trait_definitions where workspace_id = :workspace_id and converting"
)


async def count_converting(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_CONVERTING)


@dataclass(frozen=True, slots=True)
class ConvertingTrait:
    record_type: str
    key: str
    definition: Mapping[str, Any]
    deleted: bool
    converted_to: UUID | None


_CONVERTING = (
    select(
        *(
            traits.c[name]
            for name in ("record_type", "key", "definition", "deleted", "converted_to")
        )
    )
    .where(
        traits.c.workspace_id == WORKSPACE,
        traits.c.id == bindparam("trait_id"),
        traits.c.converting,
    )
    .with_for_update(key_share=True)
)


async def converting_trait(uow: UnitOfWork, trait_id: UUID) -> ConvertingTrait | None:
    """It is locked. None when it was done meanwhile."""
    return await uow.row(ConvertingTrait, _CONVERTING, trait_id=trait_id)


async def note_progress(uow: UnitOfWork, trait_id: UUID, converted_to: UUID | None) -> None:
    """None: all values are of its form."""
    done = converted_to is None
    await uow.run(
        update(traits)
        .where(traits.c.workspace_id == uow.workspace_id, traits.c.id == trait_id)
        .values(converting=not done, converted_to=converted_to)
    )


async def remove_trait(uow: UnitOfWork, trait_id: UUID) -> None:
    gone = traits.c.workspace_id == uow.workspace_id, traits.c.id == trait_id
    await uow.run(delete(traits).where(*gone))


@dataclass(frozen=True, slots=True)
class _Value:
    id: UUID
    value: str
    """As JSON."""


async def values_page(
    uow: UnitOfWork,
    of: Upserted,
    key: str,
    *,
    after: UUID | None,
    limit: int,
    lock: bool = False,
) -> list[tuple[UUID, Any]]:
    """Records with their values, by id."""
    table = of.table
    page = (
        select(table.c.id, cast(table.c.traits[key], Text).label("value"))
        .where(table.c.workspace_id == WORKSPACE, func.jsonb_exists(table.c.traits, key))
        .order_by(table.c.id)
        .limit(limit)
    )
    if after is not None:
        page = page.where(table.c.id > after)
    rows = await uow.rows(_Value, page.with_for_update(key_share=True) if lock else page)
    return [(row.id, from_json(row.value)) for row in rows]


async def set_values(uow: UnitOfWork, of: Upserted, key: str, values: Mapping[UUID, Any]) -> None:
    """Of records that are locked; None takes the value away."""
    if not values:
        return
    await uow.run(
        text(
            f"""
            update {of.table.name} t
            set traits = case when r.value is null or r.value = 'null' then t.traits - :key
                              else t.traits || jsonb_build_object(cast(:key as text), r.value) end,
                version = t.version + 1, updated_at = clock_timestamp()
            from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, value jsonb)
            where t.workspace_id = :workspace_id and t.id = r.id
            """
        ),
        key=key,
        rows=to_json([{"id": id_, "value": value} for id_, value in values.items()]).decode(),
    )


async def count_values(uow: UnitOfWork, of: Upserted, key: str, at_most: int) -> int:
    table = of.table
    some = (
        select(table.c.id)
        .where(table.c.workspace_id == WORKSPACE, func.jsonb_exists(table.c.traits, key))
        .limit(at_most)
    )
    return await uow.one_value(int, select(func.count()).select_from(some.subquery()))


@dataclass(frozen=True, slots=True)
class TitledTrait:
    id: UUID
    title: str


async def traits_holding(uow: UnitOfWork, of: Upserted, member_id: str) -> list[TitledTrait]:
    """Those of type member that name this one on a record, by title."""
    holding = text(
        f"""
        select d.id, d.title from trait_definitions d
        where d.workspace_id = :workspace_id and d.record_type = :record_type
          and not d.deleted and d.definition ->> 'type' = 'member' and exists (
            select from {of.table.name} t
            where t.workspace_id = :workspace_id
              and t.traits @> jsonb_build_object(d.key, cast(:member_id as text)))
        order by d.title, d.id
        """
    )
    return await uow.rows(TitledTrait, holding, record_type=of.kind, member_id=member_id)
