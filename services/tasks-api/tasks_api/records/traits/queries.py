from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.records.traits.models import trait_definitions as traits


class TraitCopy(TypedDict):
    id: UUID
    record_type: str
    key: str
    title: str
    definition: Mapping[str, Any]
    deleted: bool
    converting: bool
    converted_to: UUID | None
    version: int


@dataclass(frozen=True, slots=True)
class StoredTrait:
    definition: Mapping[str, Any]
    converting: bool
    converted_to: UUID | None
    version: int


_STORED = (
    select(*(traits.c[name] for name in ("definition", "converting", "converted_to", "version")))
    .where(traits.c.workspace_id == WORKSPACE, traits.c.id == bindparam("trait_id"))
    .with_for_update(key_share=True)
)


async def stored_trait(uow: UnitOfWork, trait_id: UUID) -> StoredTrait | None:
    """It is locked."""
    return await uow.row(StoredTrait, _STORED, trait_id=trait_id)


async def store_trait(uow: UnitOfWork, trait: TraitCopy) -> None:
    row = insert(traits).values(**trait)
    await uow.run(
        row.on_conflict_do_update(
            index_elements=[traits.c.workspace_id, traits.c.id],
            set_={name: row.excluded[name] for name in trait if name != "id"},
        )
    )


_SHARE = text("select pg_advisory_xact_lock_shared(hashtextextended(:turn, 0))")
_TAKE = text("select pg_advisory_xact_lock(hashtextextended(:turn, 0))")


async def hold(uow: UnitOfWork, record_type: str, *, to_change: bool = False) -> None:
    """Definitions stay as they are until the end of the transaction, or wait for all who rely on
    that. Before any record is locked: whoever waits here must keep nobody waiting.
    """
    turn = f"{uow.workspace_id}:traits:{record_type}"
    await uow.run(_TAKE if to_change else _SHARE, turn=turn)


_DEFINITIONS = text(
    """
    select coalesce(json_agg(definition order by key)::text, '[]') from trait_definitions
    where workspace_id = :workspace_id and record_type = :record_type and not deleted
    """
)


async def definitions(uow: UnitOfWork, record_type: str) -> str:
    """As a JSON document."""
    return await uow.one_value(str, _DEFINITIONS, record_type=record_type)
