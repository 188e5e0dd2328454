"""Until when verdicts stay as they are, unless data change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.language.sql.rows import other_table
from shared.columns import AT
from shared.uow import UnitOfWork

_STORED = other_table(
    "rule_next_changes",
    {"rule_id": Uuid(), "record_id": Uuid(), "next_change_at": AT},
)


def stored_next_change(workspace_id: Any, rule_id: Any, record_id: Any) -> ColumnElement[Any]:
    """`next_change_at` of a rule and a record as it is stored, in a statement that knows them."""
    found = select(_STORED.c.next_change_at).where(
        _STORED.c.workspace_id == workspace_id,
        _STORED.c.rule_id == rule_id,
        _STORED.c.record_id == record_id,
    )
    return found.scalar_subquery().label("next_change_at")


_DUE = text(
    """
    with first as (
        select next_change_at from rule_next_changes
        where workspace_id = :workspace_id and next_change_at <= :now
        order by next_change_at limit 1
    ), due as (
        select h.rule_id, h.record_id from rule_next_changes h, first
        where h.workspace_id = :workspace_id and h.next_change_at = first.next_change_at
        limit :limit
    ), taken as (
        delete from rule_next_changes h using due
        where h.workspace_id = :workspace_id
          and h.rule_id = due.rule_id and h.record_id = due.record_id
        returning h.rule_id, h.record_id, h.next_change_at
    )
    select t.rule_id, w.kind, t.record_id, t.next_change_at
    from taken t
    left join evaluated_rules w on w.workspace_id = :workspace_id and w.id = t.rule_id
    """
)


async def claim_due(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> Sequence[Any]:
    """What falls due first, all of one instant. Taken out: an evaluation puts back the next."""
    given = {"workspace_id": workspace_id, "now": now, "limit": limit}
    return (await session.execute(_DUE, given)).all()


_SET = text(
    """
    insert into rule_next_changes (workspace_id, rule_id, record_id, next_change_at)
    select :workspace_id, * from unnest(
        cast(:rule_ids as uuid[]), cast(:record_ids as uuid[]), cast(:flips as timestamptz[]))
    on conflict (workspace_id, rule_id, record_id) do update
    set next_change_at = excluded.next_change_at
    """
)
_DROP = text(
    """
    delete from rule_next_changes h
    using unnest(cast(:rule_ids as uuid[]), cast(:record_ids as uuid[])) as gone (rule, record)
    where h.workspace_id = :workspace_id and h.rule_id = gone.rule and h.record_id = gone.record
    """
)


async def set_next_changes(
    uow: UnitOfWork, next_changes: Sequence[tuple[UUID, UUID, datetime | None]]
) -> None:
    """(rule, record, instant at which to evaluate again); None takes the instant away."""
    session, workspace_id = uow.session, uow.workspace_id
    kept = [(rule, record, at) for rule, record, at in next_changes if at is not None]
    gone = [(rule, record) for rule, record, at in next_changes if at is None]
    if kept:
        given = {
            "workspace_id": workspace_id,
            "rule_ids": [rule for rule, _, _ in kept],
            "record_ids": [record for _, record, _ in kept],
            "flips": [at for _, _, at in kept],
        }
        await session.execute(_SET, given)
    if gone:
        given = {
            "workspace_id": workspace_id,
            "rule_ids": [rule for rule, _ in gone],
            "record_ids": [record for _, record in gone],
        }
        await session.execute(_DROP, given)
