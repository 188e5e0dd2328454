from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class CountedTask:
    """What is due after a count of business days, and does not lie in the past yet."""

    id: UUID
    due_rule: Mapping[str, object]
    authored_at: datetime
    due_at: datetime
    due_member_id: UUID | None


_COUNTED = text(
    """
    select id, due_rule, authored_at, due_at, due_member_id from tasks
    where workspace_id = :workspace_id and status = 'open' and breached_at is null
      and due_rule ? 'business_days' and due_at > :now
      and (not :of_one or due_member_id = cast(:member_id as uuid))
    order by id
    for no key update
    """
)


async def counted_tasks(uow: UnitOfWork, member_id: UUID | None) -> list[CountedTask]:
    """By the member's calendar, or by anybody's. They are locked."""
    one, now = member_id is not None, await uow.now()
    return await uow.rows(CountedTask, _COUNTED, of_one=one, member_id=member_id, now=now)


_MOVE = text(
    """
    update tasks t
    set due_at = m.due_at, version = t.version + 1, updated_at = clock_timestamp()
    from jsonb_to_recordset(cast(:moves as jsonb)) as m(id uuid, due_at timestamptz)
    where t.workspace_id = :workspace_id and t.id = m.id
    """
)


async def move_due(uow: UnitOfWork, moves: Mapping[UUID, datetime]) -> None:
    """To these instants, by id."""
    rows = [{"id": task_id, "due_at": due_at} for task_id, due_at in moves.items()]
    if rows:
        await uow.run(_MOVE, moves=to_json(rows).decode())
