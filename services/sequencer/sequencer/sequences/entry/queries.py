from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Block:
    sequence_id: UUID
    opportunity_id: UUID
    cause: str
    enrollment_id: UUID | None
    available_actions: str = ""
    """What a person can do about it, separated by commas."""


_BLOCKS = text(
    "select sequence_id, opportunity_id, cause, enrollment_id, available_actions from blocks"
    " where workspace_id = :workspace_id and opportunity_id = any(:ids)"
)


async def blocks_of(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> list[Block]:
    return await uow.rows(Block, _BLOCKS, ids=list(opportunity_ids))


_PUT = text(
    """
    insert into blocks
        (workspace_id, sequence_id, opportunity_id, cause, enrollment_id, available_actions,
         blocked_at)
    values (:workspace_id, :sequence_id, :opportunity_id, :cause, :enrollment_id,
            :available_actions, :at)
    on conflict (workspace_id, opportunity_id, cause, sequence_id) do update
    set available_actions = excluded.available_actions
    where blocks.available_actions <> excluded.available_actions
    """
)


async def put_block(uow: UnitOfWork, block: Block, at: datetime) -> bool:
    """False when it stands already, with the same actions."""
    return await uow.run(_PUT, **asdict(block), at=at) > 0


_REMOVE = text(
    "delete from blocks where workspace_id = :workspace_id and opportunity_id = :opportunity_id"
    " and cause = :cause and sequence_id = :sequence_id"
)


async def remove_block(uow: UnitOfWork, block: Block) -> bool:
    return await uow.run(_REMOVE, **asdict(block)) > 0


_BLOCKED_IN = text(
    "select distinct opportunity_id from blocks"
    " where workspace_id = :workspace_id and sequence_id = :sequence_id"
)


async def opportunities_blocked_in(uow: UnitOfWork, sequence_id: UUID) -> list[UUID]:
    return await uow.values(UUID, _BLOCKED_IN, sequence_id=sequence_id)


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """A manual entry that was asked for and has not happened yet."""

    sequence_id: UUID
    opportunity_id: UUID


_REQUESTS = text(
    "select sequence_id, opportunity_id from entry_requests"
    " where workspace_id = :workspace_id and opportunity_id = any(:ids)"
)


async def requests_of(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> set[EntryRequest]:
    return set(await uow.rows(EntryRequest, _REQUESTS, ids=list(opportunity_ids)))


_REQUEST = text(
    """
    insert into entry_requests (workspace_id, sequence_id, opportunity_id, requested_at)
    select :workspace_id, s.id, o.id, :at
    from unnest(cast(:sequence_ids as uuid[])) as s(id),
         unnest(cast(:opportunity_ids as uuid[])) as o(id)
    on conflict do nothing
    """
)


async def request_entry(
    uow: UnitOfWork, sequence_ids: Collection[UUID], opportunity_ids: Collection[UUID]
) -> None:
    await uow.run(
        _REQUEST,
        sequence_ids=list(sequence_ids),
        opportunity_ids=list(opportunity_ids),
        at=await uow.now(),
    )


_FORGET = text(
    """
    delete from entry_requests
    where workspace_id = :workspace_id and opportunity_id = :opportunity_id
      and (cast(:sequence_id as uuid) is null or sequence_id = :sequence_id)
    """
)


async def forget_requests(
    uow: UnitOfWork, opportunity_id: UUID, sequence_id: UUID | None = None
) -> None:
    """Of one sequence, or all of the opportunity."""
    await uow.run(_FORGET, opportunity_id=opportunity_id, sequence_id=sequence_id)
