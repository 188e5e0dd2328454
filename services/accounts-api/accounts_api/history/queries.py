from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COLUMNS = "id::text, field, valid_from, known_at, old::text, new::text, cause::text"


async def changes_page(
    session: AsyncSession,
    workspace_id: UUID,
    record_id: UUID,
    *,
    field: str | None,
    before: str | None,
    limit: int,
) -> Sequence[Any]:
    """Newest first: ids are UUIDv7, so they sort by when the change was known."""
    found = await session.execute(
        text(
            f"""
            select {_COLUMNS} from field_changes
            where workspace_id = :workspace_id and record_id = :record_id
            {"and id < cast(:before as uuid)" if before else ""}
            {"and field = :field" if field else ""}
            order by field_changes.id desc limit :limit
            """
        ),
        {
            "workspace_id": workspace_id,
            "record_id": record_id,
            "limit": limit,
            **({"before": before} if before else {}),
            **({"field": field} if field else {}),
        },
    )
    return found.all()


_LATER = text(
    """
    select field, old::text from field_changes
    where workspace_id = :workspace_id and record_id = :record_id
      and (valid_from > :valid_at or known_at > :known_at)
    order by field_changes.id desc
    """
)


async def changes_after(
    session: AsyncSession,
    workspace_id: UUID,
    record_id: UUID,
    *,
    valid_at: datetime,
    known_at: datetime,
) -> list[tuple[str, Any]]:
    """Fields and their old values of what became true, or was learned, later; newest first."""
    found = await session.execute(
        _LATER,
        {
            "workspace_id": workspace_id,
            "record_id": record_id,
            "valid_at": valid_at,
            "known_at": known_at,
        },
    )
    return [(row.field, None if row.old is None else from_json(row.old)) for row in found]


_MORE_PARTITIONS = text("select make_field_changes_partitions(3)")


async def make_partitions(session: AsyncSession) -> int:
    """How many were missing for this month and the three after it."""
    return int(await session.scalar(_MORE_PARTITIONS) or 0)
