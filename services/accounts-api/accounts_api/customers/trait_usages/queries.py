from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, text, update

from accounts_api.records.schema.models import trait_definitions as traits
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from shared.data import Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork


def _this(uow: UnitOfWork, trait_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return traits.c.workspace_id == uow.workspace_id, traits.c.id == trait_id


async def remove_trait(uow: UnitOfWork, trait_id: UUID) -> None:
    await uow.run(delete(traits).where(*_this(uow, trait_id)))


async def remove_buried(uow: UnitOfWork, trait_id: UUID) -> None:
    """One that is not buried stays."""
    buried = traits.c.deleted_at.is_not(None)
    await uow.run(delete(traits).where(*_this(uow, trait_id), buried))


async def bury_trait(uow: UnitOfWork, trait_id: UUID) -> None:
    """Gone for everyone but who clears its values."""
    buried = {"deleted_at": func.clock_timestamp()}
    await uow.run(update(traits).where(*_this(uow, trait_id)).values(**buried))


@dataclass(frozen=True, slots=True)
class TitledTrait:
    id: UUID
    title: str


_WITH_VALUE = "\n      or ".join(
    f"""record_type = '{schema.record_type}' and exists (
        select from {schema.table} r where r.workspace_id = :workspace_id and r.deleted_at is null
          and r.traits @> jsonb_build_object(t.key, cast(:member_id as text)))"""
    for schema in RECORD_SCHEMAS.values()
)
_HOLDING = text(
    f"""
    select t.id, t.title from trait_definitions t
    where t.workspace_id = :workspace_id and t.deleted_at is null and t.type = 'member'
      and ({_WITH_VALUE}
      or exists (
        select from objects r join object_types o
          on o.workspace_id = :workspace_id and o.id = r.object_type_id and o.key = t.record_type
        where r.workspace_id = :workspace_id and r.deleted_at is null
          and r.traits @> jsonb_build_object(t.key, cast(:member_id as text))))
    order by t.title, t.id
    """
)


async def traits_holding(uow: UnitOfWork, member_id: str) -> list[TitledTrait]:
    """Those of type member that name this one on a living record, by title."""
    return await uow.rows(TitledTrait, _HOLDING, member_id=member_id)


@dataclass(frozen=True, slots=True)
class BuriedTrait:
    workspace_id: UUID
    id: UUID
    record_type: str
    key: str


CLEARING: Final = "deleted_traits"
_BURIED = text(
    "select workspace_id, id, record_type, key from trait_definitions d"
    " where deleted_at is not null and record_type not in ('task', 'note')"
    f" and {not_held(CLEARING, 'd.workspace_id', 'd.id::text')}"
    " order by deleted_at limit 1"
)


async def buried_trait(scope: Transaction) -> BuriedTrait | None:
    """Of any workspace: one whose values are still to be cleared here."""
    return await scope.row(BuriedTrait, _BURIED)
