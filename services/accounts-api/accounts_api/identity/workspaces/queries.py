from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.identity.workspaces.models import Workspace


async def workspace(
    session: AsyncSession, workspace_id: UUID, *, lock: bool = False
) -> Workspace | None:
    found = select(Workspace).where(Workspace.workspace_id == workspace_id)
    if lock:
        found = found.with_for_update(key_share=True)
    return (await session.scalars(found)).one_or_none()


async def change_workspace(
    session: AsyncSession, workspace_id: UUID, changes: dict[str, Any]
) -> Workspace:
    changed = (
        update(Workspace)
        .where(Workspace.workspace_id == workspace_id)
        .values(**changes, version=Workspace.version + 1, updated_at=func.clock_timestamp())
        .returning(Workspace)
    )
    return (await session.scalars(changed, execution_options={"populate_existing": True})).one()
