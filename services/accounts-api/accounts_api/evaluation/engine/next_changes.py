"""Until when verdicts stay as they are, unless data change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.language.rules.sql.rows import other_table
from shared.columns import AT

_HORIZONS = other_table(
    "watch_horizons",
    {"watch_id": Uuid(), "record_id": Uuid(), "flips_at": AT},
)


def kept_flip(workspace_id: Any, watch_id: Any, record_id: Any) -> ColumnElement[Any]:
    """`flips_at` of a watch and a record as it is stored, in a statement that knows them."""
    found = select(_HORIZONS.c.flips_at).where(
        _HORIZONS.c.workspace_id == workspace_id,
        _HORIZONS.c.watch_id == watch_id,
        _HORIZONS.c.record_id == record_id,
    )
    return found.scalar_subquery().label("flips_at")


_DUE = text(
    """
    with first as (
        select flips_at from watch_horizons
        where workspace_id = :workspace_id and flips_at <= :now order by flips_at limit 1
    ), due as (
        select h.watch_id, h.record_id from watch_horizons h, first
        where h.workspace_id = :workspace_id and h.flips_at = first.flips_at limit :limit
    ), taken as (
        delete from watch_horizons h using due
        where h.workspace_id = :workspace_id
          and h.watch_id = due.watch_id and h.record_id = due.record_id
        returning h.watch_id, h.record_id, h.flips_at
    )
    select t.watch_id, w.kind, t.record_id, t.flips_at
    from taken t
    left join watches w on w.workspace_id = :workspace_id and w.id = t.watch_id
    """
)


async def claim_due(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> Sequence[Any]:
    """What falls due first, all of one instant; taken out, so that judging puts back the next."""
    given = {"workspace_id": workspace_id, "now": now, "limit": limit}
    return (await session.execute(_DUE, given)).all()


_SET_HORIZONS = text(
    """
    insert into watch_horizons (workspace_id, watch_id, record_id, flips_at)
    select :workspace_id, * from unnest(
        cast(:watch_ids as uuid[]), cast(:record_ids as uuid[]), cast(:flips as timestamptz[]))
    on conflict (workspace_id, watch_id, record_id) do update set flips_at = excluded.flips_at
    """
)
_DROP_HORIZONS = text(
    """
    delete from watch_horizons h
    using unnest(cast(:watch_ids as uuid[]), cast(:record_ids as uuid[])) as gone (watch, record)
    where h.workspace_id = :workspace_id and h.watch_id = gone.watch and h.record_id = gone.record
    """
)


async def set_horizons(
    session: AsyncSession,
    workspace_id: UUID,
    horizons: Sequence[tuple[UUID, UUID, datetime | None]],
) -> None:
    """(watch, record, instant): None takes the instant away."""
    kept = [(watch, record, at) for watch, record, at in horizons if at is not None]
    gone = [(watch, record) for watch, record, at in horizons if at is None]
    if kept:
        given = {
            "workspace_id": workspace_id,
            "watch_ids": [watch for watch, _, _ in kept],
            "record_ids": [record for _, record, _ in kept],
            "flips": [at for _, _, at in kept],
        }
        await session.execute(_SET_HORIZONS, given)
    if gone:
        given = {
            "workspace_id": workspace_id,
            "watch_ids": [watch for watch, _ in gone],
            "record_ids": [record for _, record in gone],
        }
        await session.execute(_DROP_HORIZONS, given)
