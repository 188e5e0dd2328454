from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.fetch import Row, fetch_all, fetch_maybe, fetch_one
from shared.held import not_held
from tasks_api.work.tasks.models import tasks


@dataclass(frozen=True)
class TaskFilter:
    status: str | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False
    vacant: bool | None = None
    cause: str | None = None
    subject_id: UUID | None = None
    account_id: UUID | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    awake_at: datetime | None = None


async def insert_task(session: AsyncSession, values: dict[str, Any]) -> Row | None:
    """The new row, or None while an open task has the same dedupe key."""
    row = (
        insert(tasks)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=[tasks.c.workspace_id, tasks.c.dedupe_key],
            # A literal: a bound value no longer names the partial index once PostgreSQL has
            # settled on a generic plan, which it does at the sixth execution.
            index_where=text("status = 'open'"),
        )
        .returning(tasks)
    )
    return await fetch_maybe(session, row)


async def task_by_id(
    session: AsyncSession, workspace_id: UUID, task_id: UUID, *, lock: bool = False
) -> Row | None:
    found = select(tasks).where(tasks.c.workspace_id == workspace_id, tasks.c.id == task_id)
    if lock:
        found = found.with_for_update()
    return await fetch_maybe(session, found)


async def open_task_by_key(
    session: AsyncSession, workspace_id: UUID, dedupe_key: str, *, lock: bool = False
) -> Row | None:
    found = select(tasks).where(
        tasks.c.workspace_id == workspace_id,
        tasks.c.dedupe_key == dedupe_key,
        tasks.c.status == "open",
    )
    if lock:
        found = found.with_for_update()
    return await fetch_maybe(session, found)


async def open_tasks_by_key(
    session: AsyncSession, workspace_id: UUID, dedupe_keys: Collection[str]
) -> list[Row]:
    found = select(tasks).where(
        tasks.c.workspace_id == workspace_id,
        tasks.c.dedupe_key.in_(dedupe_keys),
        # A literal, so that the partial index is named whatever the plan.
        text("status = 'open'"),
    )
    return await fetch_all(session, found)


async def change_task(
    session: AsyncSession, workspace_id: UUID, task_id: UUID, changes: dict[str, Any]
) -> Row:
    changed = (
        update(tasks)
        .where(tasks.c.workspace_id == workspace_id, tasks.c.id == task_id)
        .values(**changes, version=tasks.c.version + 1, updated_at=func.clock_timestamp())
        .returning(tasks)
    )
    return await fetch_one(session, changed)


async def waiting_for_holder(
    session: AsyncSession, workspace_id: UUID, account_id: UUID
) -> list[Row]:
    """Open tasks of an account that nobody holds the key role for yet."""
    found = (
        select(tasks)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.account_id == account_id,
            tasks.c.status == "open",
            tasks.c.assignee_id.is_(None),
            tasks.c.assignee_key_role.is_not(None),
        )
        .with_for_update()
    )
    return await fetch_all(session, found)


async def open_tasks_of(
    session: AsyncSession, workspace_id: UUID, assignee_id: UUID, limit: int | None = None
) -> list[Row]:
    """Oldest first. Without a limit they are locked, to be handed over."""
    found = (
        select(tasks)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.assignee_id == assignee_id,
            tasks.c.status == "open",
        )
        .order_by(tasks.c.id)
    )
    found = found.with_for_update() if limit is None else found.limit(limit)
    return await fetch_all(session, found)


async def open_tasks_by_role(
    session: AsyncSession, workspace_id: UUID, key_role: str, limit: int
) -> list[Row]:
    """Oldest first."""
    found = (
        select(tasks)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.assignee_key_role == key_role,
            tasks.c.status == "open",
        )
        .order_by(tasks.c.id)
        .limit(limit)
    )
    return await fetch_all(session, found)


async def count_open_of(
    session: AsyncSession, workspace_id: UUID, assignee_id: UUID
) -> dict[str | None, int]:
    """By the key role that they are assigned by, None for those that name the person."""
    role = tasks.c.assignee_key_role
    counted = (
        select(role, func.count())
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.assignee_id == assignee_id,
            tasks.c.status == "open",
        )
        .group_by(role)
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


async def tasks_page(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: TaskFilter,
    after: tuple[datetime | None, UUID] | None,
    limit: int,
) -> list[Row]:
    """Soonest due first, undated last. One row more than `limit` tells of a next page."""
    found = (
        select(tasks)
        .where(tasks.c.workspace_id == workspace_id, *_conditions(wanted))
        .order_by(tasks.c.due_at.asc().nulls_last(), tasks.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        due, last = after
        if due is None:
            found = found.where(tasks.c.due_at.is_(None), tasks.c.id > last)
        else:
            later = and_(tasks.c.due_at >= due, or_(tasks.c.due_at > due, tasks.c.id > last))
            found = found.where(or_(later, tasks.c.due_at.is_(None)))
    return await fetch_all(session, found)


_VACANT: Final = (
    tasks.c.status == "open",
    tasks.c.assignee_id.is_(None),
    tasks.c.assignee_key_role.is_not(None),
)


async def count_vacant(session: AsyncSession, workspace_id: UUID) -> int:
    counted = select(func.count()).where(tasks.c.workspace_id == workspace_id, *_VACANT)
    return int(await session.scalar(counted) or 0)


def _conditions(wanted: TaskFilter) -> list[Any]:
    equal = {
        tasks.c.status: wanted.status,
        tasks.c.assignee_id: wanted.assignee_id,
        tasks.c.cause: wanted.cause,
        tasks.c.subject_id: wanted.subject_id,
        tasks.c.account_id: wanted.account_id,
    }
    conditions: list[Any] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if wanted.unassigned:
        conditions.append(tasks.c.assignee_id.is_(None))
    if wanted.vacant is not None:
        conditions.append(and_(*_VACANT) if wanted.vacant else not_(and_(*_VACANT)))
    if wanted.due_from is not None:
        conditions.append(tasks.c.due_at >= wanted.due_from)
    if wanted.due_before is not None:
        conditions.append(tasks.c.due_at < wanted.due_before)
    if wanted.awake_at is not None:
        asleep_until = tasks.c.snoozed_until
        conditions.append(or_(asleep_until.is_(None), asleep_until <= wanted.awake_at))
    return conditions


BREACHES: Final = "breaches"
_OVERDUE = text(
    f"""
    select t.workspace_id, t.id
    from tasks t
    left join workspaces w on w.workspace_id = t.workspace_id
    where t.status = 'open' and t.breached_at is null and t.due_at is not null
      and t.due_at <= coalesce(w.frozen_at, clock_timestamp())
      and {not_held(BREACHES, "t.workspace_id", "t.id::text")}
    order by t.due_at
    limit :limit
    """
)


async def overdue_tasks(session: AsyncSession, limit: int) -> list[tuple[UUID, UUID]]:
    """(workspace, task) of tasks past due whose breach was not told yet, over all workspaces."""
    rows = await session.execute(_OVERDUE, {"limit": limit})
    return [(row.workspace_id, row.id) for row in rows]


_COUNT_OVERDUE = text(
    """
    select count(*) from tasks
    where workspace_id = :workspace_id and status = 'open' and breached_at is null
      and due_at <= workspace_now(:workspace_id)
    """
)


async def count_overdue(session: AsyncSession, workspace_id: UUID) -> int:
    """Tasks past due whose breach was not told yet."""
    counted = await session.execute(_COUNT_OVERDUE, {"workspace_id": workspace_id})
    return int(counted.scalar_one())
