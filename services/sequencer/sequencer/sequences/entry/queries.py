from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class Block(NamedTuple):
    sequence_id: UUID
    record_id: UUID
    cause: str
    enrollment_id: UUID | None
    offers: str = ""
    """What a person was told that they can do, separated by commas."""


async def blocks_of(
    session: AsyncSession, workspace_id: UUID, record_ids: Collection[UUID]
) -> list[Block]:
    rows = await session.execute(
        text(
            "select sequence_id, record_id, cause, enrollment_id, offers from blocks"
            " where workspace_id = :workspace_id and record_id = any(:record_ids)"
        ),
        {"workspace_id": workspace_id, "record_ids": list(record_ids)},
    )
    return [Block(*row) for row in rows]


async def put_block(session: AsyncSession, workspace_id: UUID, block: Block, at: datetime) -> bool:
    """False when it stands already, and offers the same."""
    done = await session.execute(
        text(
            """
            insert into blocks
                (workspace_id, sequence_id, record_id, cause, enrollment_id, offers, blocked_at)
            values (:workspace_id, :sequence_id, :record_id, :cause, :enrollment_id, :offers, :at)
            on conflict (workspace_id, record_id, cause, sequence_id) do update
            set offers = excluded.offers where blocks.offers <> excluded.offers
            """
        ),
        {"workspace_id": workspace_id, "at": at, **block._asdict()},
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def remove_block(session: AsyncSession, workspace_id: UUID, block: Block) -> bool:
    done = await session.execute(
        text(
            """
            delete from blocks where workspace_id = :workspace_id and record_id = :record_id
              and cause = :cause and sequence_id = :sequence_id
            """
        ),
        {
            "workspace_id": workspace_id,
            "record_id": block.record_id,
            "cause": block.cause,
            "sequence_id": block.sequence_id,
        },
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def records_blocked_in(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID
) -> list[UUID]:
    found = await session.scalars(
        text(
            "select distinct record_id from blocks"
            " where workspace_id = :workspace_id and sequence_id = :sequence_id"
        ),
        {"workspace_id": workspace_id, "sequence_id": sequence_id},
    )
    return list(found)


async def requests_of(
    session: AsyncSession, workspace_id: UUID, record_ids: Collection[UUID]
) -> set[tuple[UUID, UUID]]:
    """Pairs of sequence and record."""
    rows = await session.execute(
        text(
            "select sequence_id, record_id from entry_requests"
            " where workspace_id = :workspace_id and record_id = any(:record_ids)"
        ),
        {"workspace_id": workspace_id, "record_ids": list(record_ids)},
    )
    return {(row.sequence_id, row.record_id) for row in rows}


async def request_entry(
    session: AsyncSession,
    workspace_id: UUID,
    sequence_ids: Collection[UUID],
    record_ids: Collection[UUID],
    at: datetime,
) -> None:
    await session.execute(
        text(
            """
            insert into entry_requests (workspace_id, sequence_id, record_id, requested_at)
            select :workspace_id, s.id, r.id, :at
            from unnest(cast(:sequence_ids as uuid[])) as s(id),
                 unnest(cast(:record_ids as uuid[])) as r(id)
            on conflict do nothing
            """
        ),
        {
            "workspace_id": workspace_id,
            "sequence_ids": list(sequence_ids),
            "record_ids": list(record_ids),
            "at": at,
        },
    )


async def forget_requests(
    session: AsyncSession, workspace_id: UUID, record_id: UUID, sequence_id: UUID | None = None
) -> None:
    """Of one sequence, or all of the record."""
    await session.execute(
        text(
            """
            delete from entry_requests
            where workspace_id = :workspace_id and record_id = :record_id
              and (cast(:sequence_id as uuid) is null or sequence_id = :sequence_id)
            """
        ),
        {"workspace_id": workspace_id, "record_id": record_id, "sequence_id": sequence_id},
    )
