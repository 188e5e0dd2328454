"""Until when verdicts stay as they are, unless data change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, select, text

from shared.columns import AT
from shared.rules.sql.rows import other_table
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
    with due as (
        select ctid from rule_next_changes
        where workspace_id = :workspace_id and next_change_at = (
            select next_change_at from rule_next_changes
            where workspace_id = :workspace_id and next_change_at <= :now
            order by next_change_at limit 1)
        limit :limit
    ), taken as (
        delete from rule_next_changes h
        where h.workspace_id = :workspace_id and h.ctid = any(array(select ctid from due))
        returning h.rule_id, h.record_id, h.next_change_at
    )
    select t.rule_id, w.kind, t.record_id, t.next_change_at
    from taken t
    left join evaluated_rules w on w.workspace_id = :workspace_id and w.id = t.rule_id
    """
)


@dataclass(frozen=True, slots=True)
class DueChange:
    rule_id: UUID
    kind: str | None
    """None for a rule that is gone."""
    record_id: UUID
    next_change_at: datetime


async def claim_due(uow: UnitOfWork, now: datetime, limit: int) -> list[DueChange]:
    """What falls due first, all of one instant. Taken out: an evaluation puts back the next."""
    return await uow.rows(DueChange, _DUE, now=now, limit=limit)


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
    kept = [(rule, record, at) for rule, record, at in next_changes if at is not None]
    gone = [(rule, record) for rule, record, at in next_changes if at is None]
    if kept:
        rule_ids, record_ids, flips = zip(*kept, strict=True)
        await uow.run(_SET, rule_ids=rule_ids, record_ids=record_ids, flips=flips)
    if gone:
        rule_ids, record_ids = zip(*gone, strict=True)
        await uow.run(_DROP, rule_ids=rule_ids, record_ids=record_ids)
