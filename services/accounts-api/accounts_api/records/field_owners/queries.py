from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork

_KEEP = text(
    """
    insert into field_owners (workspace_id, connection_id, system, title, fields, version)
    values (:workspace_id, :connection_id, :system, :title, cast(:fields as jsonb), :version)
    on conflict (workspace_id, connection_id) do update
    set system = excluded.system, title = excluded.title, fields = excluded.fields,
        version = excluded.version
    where field_owners.version < excluded.version
    """
)
_OWNERS = text(
    """
    select system, connection_id, title, fields from field_owners
    where workspace_id = :workspace_id
      and (cast(:systems as text[]) is null or system = any(:systems))
    order by connection_id
    """
)


@dataclass(frozen=True, slots=True)
class StoredOwner:
    system: str
    connection_id: UUID
    title: str
    fields: dict[str, list[str]]
    """By record type."""


async def keep_owner(uow: UnitOfWork, owner: Mapping[str, object]) -> None:
    """Unless a later version of it is here already."""
    await uow.run(_KEEP, **owner)


async def owners(uow: UnitOfWork, systems: Sequence[str] | None = None) -> list[StoredOwner]:
    wanted = None if systems is None else list(systems)
    return await uow.rows(StoredOwner, _OWNERS, systems=wanted)
