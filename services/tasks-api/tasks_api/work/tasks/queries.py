from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.data import WORKSPACE, Transaction
from shared.held_work import not_held
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork
from tasks_api.records.traits.service import fields_of
from tasks_api.records.upserts.tables import Upserted
from tasks_api.work.tasks.models import tasks
from tasks_api.work.tasks.rows import NewTask, Task, TaskChanges
from tasks_api.work.tasks.rules import TASK, TOLD

_OF_WORKSPACE = select(tasks).where(tasks.c.workspace_id == WORKSPACE)
_OPEN = tasks.c.status == "open"
_OPEN_WHATEVER_THE_PLAN = text("status = 'open'")
"""A literal: a bound value no longer names the partial index once PostgreSQL has settled on a
generic plan, which it does at the sixth execution.
"""
_VACANT: Final = and_(_OPEN, tasks.c.assignee_id.is_(None), tasks.c.assignee_key_role.is_not(None))


LISTED: Final = Listed(TASK, "tasks", tasks, Task, sort="due_at")
"""Soonest due first, undated last."""


UPSERTED: Final = Upserted(
    TASK.name, tasks, (*TOLD, "traits", "due_rule", "breached_at", "hidden_by")
)


async def insert_task(
    uow: UnitOfWork,
    task_id: UUID,
    new: NewTask,
    *,
    due_at: datetime | None,
    due_member_id: UUID | None,
) -> Task | None:
    """None while an open task has the same dedupe key."""
    row = (
        insert(tasks)
        .values(id=task_id, due_at=due_at, due_member_id=due_member_id, **new)
        .on_conflict_do_nothing(
            index_elements=[tasks.c.workspace_id, tasks.c.dedupe_key],
            index_where=_OPEN_WHATEVER_THE_PLAN,
        )
        .returning(tasks)
    )
    return await uow.row(Task, row)


_BY_ID = _OF_WORKSPACE.where(tasks.c.id == bindparam("task_id"))


async def task_by_id(uow: UnitOfWork, task_id: UUID, *, lock: bool = False) -> Task | None:
    return await uow.row(Task, _BY_ID.with_for_update() if lock else _BY_ID, task_id=task_id)


_BY_IDS = _OF_WORKSPACE.where(tasks.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))


async def tasks_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Task]:
    return await uow.rows(Task, _BY_IDS, ids=list(ids))


_BY_EXTERNAL_ID = _OF_WORKSPACE.where(tasks.c.external_id == bindparam("external_id"))


async def task_by_external_id(uow: UnitOfWork, external_id: str) -> Task | None:
    return await uow.row(Task, _BY_EXTERNAL_ID, external_id=external_id)


_OPEN_BY_KEY = _OF_WORKSPACE.where(tasks.c.dedupe_key == bindparam("dedupe_key"), _OPEN)


async def open_task_by_key(uow: UnitOfWork, dedupe_key: str, *, lock: bool = False) -> Task | None:
    statement = _OPEN_BY_KEY.with_for_update() if lock else _OPEN_BY_KEY
    return await uow.row(Task, statement, dedupe_key=dedupe_key)


_OPEN_BY_KEYS = _OF_WORKSPACE.where(
    tasks.c.dedupe_key.in_(bindparam("dedupe_keys", expanding=True)), _OPEN_WHATEVER_THE_PLAN
)


async def open_tasks_by_key(uow: UnitOfWork, dedupe_keys: Collection[str]) -> list[Task]:
    return await uow.rows(Task, _OPEN_BY_KEYS, dedupe_keys=list(dedupe_keys))


async def change_task(uow: UnitOfWork, task_id: UUID, changes: TaskChanges) -> Task:
    changed = (
        update(tasks)
        .where(tasks.c.workspace_id == uow.workspace_id, tasks.c.id == task_id)
        .values(**changes, version=tasks.c.version + 1, updated_at=func.clock_timestamp())
        .returning(tasks)
    )
    return await uow.one(Task, changed)


_WAITING_FOR_HOLDER = _OF_WORKSPACE.where(
    tasks.c.account_id == bindparam("account_id"), _VACANT
).with_for_update()


async def waiting_for_holder(uow: UnitOfWork, account_id: UUID) -> list[Task]:
    """Open tasks of an account that nobody holds the key role for yet."""
    return await uow.rows(Task, _WAITING_FOR_HOLDER, account_id=account_id)


_OPEN_OF = _OF_WORKSPACE.where(tasks.c.assignee_id == bindparam("assignee_id"), _OPEN).order_by(
    tasks.c.id
)


async def open_tasks_of(uow: UnitOfWork, assignee_id: UUID, limit: int | None = None) -> list[Task]:
    """Oldest first. Without a limit they are locked, to be handed over."""
    statement = _OPEN_OF.with_for_update() if limit is None else _OPEN_OF.limit(limit)
    return await uow.rows(Task, statement, assignee_id=assignee_id)


_OPEN_BY_ROLE = (
    _OF_WORKSPACE.where(tasks.c.assignee_key_role == bindparam("key_role"), _OPEN)
    .order_by(tasks.c.id)
    .limit(bindparam("most"))
)


async def open_tasks_by_role(uow: UnitOfWork, key_role: str, limit: int) -> list[Task]:
    """Oldest first."""
    return await uow.rows(Task, _OPEN_BY_ROLE, key_role=key_role, most=limit)


@dataclass(frozen=True, slots=True)
class RoleCount:
    key_role: str | None
    """None for tasks that name the person."""
    count: int


_COUNT_OPEN_OF = (
    select(tasks.c.assignee_key_role.label("key_role"), func.count().label("count"))
    .where(
        tasks.c.workspace_id == WORKSPACE, tasks.c.assignee_id == bindparam("assignee_id"), _OPEN
    )
    .group_by(tasks.c.assignee_key_role)
)


async def count_open_of(uow: UnitOfWork, assignee_id: UUID) -> list[RoleCount]:
    """By the key role that they are assigned by."""
    return await uow.rows(RoleCount, _COUNT_OPEN_OF, assignee_id=assignee_id)


async def tasks_page(
    uow: UnitOfWork, query: ListQuery, assignee_id: UUID | None, signer: CursorSigner
) -> dict[str, Any]:
    """Of the assignee alone, if one is given."""
    only = [tasks.c.hidden_by == []]
    if assignee_id is not None:
        only.append(tasks.c.assignee_id == assignee_id)
    listed = LISTED.of(await fields_of(uow, TASK.name)) if query.names_traits else LISTED
    return await page(uow, listed, query, signer, *only, shaped_by=[assignee_id])


_COUNT_VACANT = (
    select(func.count()).select_from(tasks).where(tasks.c.workspace_id == WORKSPACE, _VACANT)
)


async def count_vacant(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_VACANT)


BREACHES: Final = "breaches"
_OVERDUE = text(
    f"""
    select t.workspace_id, t.id
    from tasks t
    left join workspaces w on w.workspace_id = t.workspace_id
    where t.status = 'open' and t.breached_at is null and t.due_at is not null
      and t.hidden_by = '{{}}'
      and t.due_at <= coalesce(w.frozen_at, clock_timestamp())
      and {not_held(BREACHES, "t.workspace_id", "t.id::text")}
    order by t.due_at
    limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class OverdueTask:
    workspace_id: UUID
    id: UUID


async def overdue_tasks(scope: Transaction, limit: int) -> list[OverdueTask]:
    """Those past due whose breach was not published yet, over all workspaces."""
    return await scope.rows(OverdueTask, _OVERDUE, limit=limit)


_COUNT_OVERDUE = text(
    """
    select count(*) from tasks
    where workspace_id = :workspace_id and status = 'open' and breached_at is null
      and hidden_by = '{}' and due_at <= workspace_now(:workspace_id)
    """
)


async def count_overdue(uow: UnitOfWork) -> int:
    """Tasks past due whose breach was not published yet."""
    return await uow.one_value(int, _COUNT_OVERDUE)
