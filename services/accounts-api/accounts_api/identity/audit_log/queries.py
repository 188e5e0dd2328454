from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.identity.audit_log.models import AuditEntry


async def insert_entry(session: AsyncSession, values: dict[str, Any]) -> None:
    """Once, whatever comes twice."""
    await session.execute(insert(AuditEntry).values(**values).on_conflict_do_nothing())


async def entries_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    before_id: UUID | None,
    target_id: UUID | None,
    action: str | None,
    limit: int,
) -> Sequence[AuditEntry]:
    """Newest first: ids are UUIDv7, so they sort by when they were made."""
    page = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id)
    if before_id is not None:
        page = page.where(AuditEntry.id < before_id)
    if target_id is not None:
        page = page.where(AuditEntry.target_id == target_id)
    if action is not None:
        page = page.where(AuditEntry.action == action)
    return (await session.scalars(page.order_by(AuditEntry.id.desc()).limit(limit + 1))).all()
