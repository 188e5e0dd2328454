from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Described:
    fields: list[dict[str, Any]]
    last_modified: str | None
    is_fresh: bool


_DESCRIBED = text(
    """
    select fields, last_modified,
           described_at > clock_timestamp() - make_interval(secs => :seconds) as is_fresh
    from described_objects
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_KEEP = text(
    """
    insert into described_objects (workspace_id, connection_id, object, fields, last_modified)
    values (:workspace_id, :connection_id, :object, cast(:fields as jsonb), :last_modified)
    on conflict (workspace_id, connection_id, object) do update
    set fields = excluded.fields, last_modified = excluded.last_modified,
        described_at = clock_timestamp()
    """
)
_TOUCH = text(
    """
    update described_objects set described_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)


async def described(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    fresh_seconds: float,
) -> Described | None:
    row = (
        await session.execute(
            _DESCRIBED,
            {
                "workspace_id": workspace_id,
                "connection_id": connection_id,
                "object": sobject,
                "seconds": fresh_seconds,
            },
        )
    ).one_or_none()
    return None if row is None else Described(row.fields, row.last_modified, row.is_fresh)


async def keep_description(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    fields: list[dict[str, Any]],
    last_modified: str | None,
) -> None:
    await session.execute(
        _KEEP,
        {
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "object": sobject,
            "fields": to_json(fields).decode(),
            "last_modified": last_modified,
        },
    )


async def touch_description(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str
) -> None:
    """Salesforce said that nothing changed."""
    await session.execute(
        _TOUCH, {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject}
    )
