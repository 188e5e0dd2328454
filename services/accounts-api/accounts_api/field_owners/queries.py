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
_OWNED = text(
    """
    select o.system, o.connection_id, o.title, field
    from field_owners o, jsonb_array_elements_text(o.fields -> cast(:noun as text)) as field
    where o.workspace_id = :workspace_id and o.system = any(:systems)
    order by o.connection_id
    """
)


async def keep_owner(session: AsyncSession, workspace_id: UUID, owner: Mapping[str, Any]) -> None:
    """Unless a later version of it is here already."""
    await session.execute(_KEEP, {**owner, "workspace_id": workspace_id})


async def owned_fields(
    session: AsyncSession, workspace_id: UUID, noun: str, systems: Sequence[str]
) -> Sequence[Any]:
    values = {"workspace_id": workspace_id, "noun": noun, "systems": list(systems)}
    return (await session.execute(_OWNED, values)).all()
