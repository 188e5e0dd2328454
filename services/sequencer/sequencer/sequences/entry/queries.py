from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class Block(NamedTuple):
    sequence_id: UUID
    opportunity_id: UUID
    cause: str
    enrollment_id: UUID | None
    available_actions: str = ""
    """What a person can do about it, separated by commas."""


async def blocks_of(
    session: AsyncSession, workspace_id: UUID, opportunity_ids: Collection[UUID]
) -> list[Block]:
    rows = await session.execute(
        text(
            "select sequence_id, opportunity_id, cause, enrollment_id, available_actions"
            " from blocks"
            " where workspace_id = :workspace_id and opportunity_id = any(:opportunity_ids)"
        ),
        {"workspace_id": workspace_id, "opportunity_ids": list(opportunity_ids)},
    )
    return [Block(*row) for row in rows]


async def put_block(session: AsyncSession, workspace_id: UUID, block: Block, at: datetime) -> bool:
    """False when it stands already, with the same actions."""
    done = await session.execute(
        text(
            """
            insert into blocks
                (workspace_id, sequence_id, opportunity_id, cause, enrollment_id,
                 available_actions, blocked_at)
            values (:workspace_id, :sequence_id, :opportunity_id, :cause, :enrollment_id,
                    :available_actions, :at)
            on conflict (workspace_id, opportunity_id, cause, sequence_id) do update
            set available_actions = excluded.available_actions
            where blocks.available_actions <> excluded.available_actions
            """
        ),
        {"workspace_id": workspace_id, "at": at, **block._asdict()},
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def remove_block(session: AsyncSession, workspace_id: UUID, block: Block) -> bool:
    done = await session.execute(
        text(
            """
            delete from blocks
            where workspace_id = :workspace_id and opportunity_id = :opportunity_id
              and cause = :cause and sequence_id = :sequence_id
            """
        ),
        {
            "workspace_id": workspace_id,
            "opportunity_id": block.opportunity_id,
            "cause": block.cause,
            "sequence_id": block.sequence_id,
        },
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def opportunities_blocked_in(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID
) -> list[UUID]:
    found = await session.scalars(
        text(
            "select distinct opportunity_id from blocks"
            " where workspace_id = :workspace_id and sequence_id = :sequence_id"
        ),
        {"workspace_id": workspace_id, "sequence_id": sequence_id},
    )
    return list(found)


async def requests_of(
    session: AsyncSession, workspace_id: UUID, opportunity_ids: Collection[UUID]
) -> set[tuple[UUID, UUID]]:
    """Pairs of sequence and record."""
    rows = await session.execute(
        text(
            "select sequence_id, opportunity_id from entry_requests"
            " where workspace_id = :workspace_id and opportunity_id = any(:opportunity_ids)"
        ),
        {"workspace_id": workspace_id, "opportunity_ids": list(opportunity_ids)},
    )
    return {(row.sequence_id, row.opportunity_id) for row in rows}


async def request_entry(
    session: AsyncSession,
    workspace_id: UUID,
    sequence_ids: Collection[UUID],
    opportunity_ids: Collection[UUID],
    at: datetime,
) -> None:
    await session.execute(
        text(
            """
            insert into entry_requests (workspace_id, sequence_id, opportunity_id, requested_at)
            select :workspace_id, s.id, r.id, :at
            from unnest(cast(:sequence_ids as uuid[])) as s(id),
                 unnest(cast(:opportunity_ids as uuid[])) as r(id)
            on conflict do nothing
            """
        ),
        {
            "workspace_id": workspace_id,
            "sequence_ids": list(sequence_ids),
            "opportunity_ids": list(opportunity_ids),
            "at": at,
        },
    )


async def forget_requests(
    session: AsyncSession, workspace_id: UUID, opportunity_id: UUID, sequence_id: UUID | None = None
) -> None:
    """Of one sequence, or all of the record."""
    await session.execute(
        text(
            """
            delete from entry_requests
            where workspace_id = :workspace_id and opportunity_id = :opportunity_id
              and (cast(:sequence_id as uuid) is null or sequence_id = :sequence_id)
            """
        ),
        {
            "workspace_id": workspace_id,
            "opportunity_id": opportunity_id,
            "sequence_id": sequence_id,
        },
    )
