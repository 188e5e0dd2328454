from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def add_bounce(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> None:
    await session.execute(
        text(
            """
            insert into bounces
                (workspace_id, id, message_id, address, kind, status, diagnostic, received_at)
            values (:workspace_id, :id, :message_id, :address, :kind, :status, :diagnostic,
                    :received_at)
            """
        ),
        {"workspace_id": workspace_id, **row},
    )


async def soft_bounces_since(
    session: AsyncSession, workspace_id: UUID, address: str, since: datetime
) -> int:
    found = await session.execute(
        text(
            "select count(*) from bounces where workspace_id = :workspace_id"
            " and address = :address and kind = 'soft' and received_at >= :since"
        ),
        {"workspace_id": workspace_id, "address": address, "since": since},
    )
    return int(found.scalar_one())
