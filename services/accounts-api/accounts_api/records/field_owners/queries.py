from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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


async def keep_owner(session: AsyncSession, workspace_id: UUID, owner: Mapping[str, Any]) -> None:
    """Unless a later version of it is here already."""
    await session.execute(_KEEP, {**owner, "workspace_id": workspace_id})


async def owners(
    session: AsyncSession, workspace_id: UUID, systems: Sequence[str] | None = None
) -> Sequence[Any]:
    values = {
        "workspace_id": workspace_id,
        "systems": None if systems is None else list(systems),
    }
    return (await session.execute(_OWNERS, values)).all()
