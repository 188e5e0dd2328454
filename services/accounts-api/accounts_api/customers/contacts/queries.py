from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_HOLDERS = text(
    "select id::text as id, email_status from contacts"
    " where workspace_id = :workspace_id and email_key = :email_key and deleted_at is null"
)


async def holders_of(session: AsyncSession, workspace_id: UUID, email_key: str) -> Sequence[Any]:
    """The living contacts with an address."""
    found = await session.execute(_HOLDERS, {"workspace_id": workspace_id, "email_key": email_key})
    return found.all()
