from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ACCOUNTS = text(
    "select id::text as id, name, time_zone from accounts"
    " where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))"
)


async def accounts_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Sequence[str]
) -> Mapping[str, Any]:
    found = await session.execute(_ACCOUNTS, {"workspace_id": workspace_id, "ids": list(ids)})
    return {row.id: row for row in found}
