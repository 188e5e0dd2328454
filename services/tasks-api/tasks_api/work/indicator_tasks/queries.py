from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork

_HEAR = text(
    """
    insert into indicator_tasks (workspace_id, indicator_id, version)
    values (:workspace_id, :indicator_id, :version)
    on conflict (workspace_id, indicator_id) do update set version = excluded.version
    where indicator_tasks.version < excluded.version
    returning task_id
    """
)


@dataclass(frozen=True, slots=True)
class Heard:
    """An indicator of which something new was heard."""

    task_id: UUID | None
    """The task that it has called for."""


async def hear(uow: UnitOfWork, indicator_id: UUID, version: int) -> Heard | None:
    """None when this version, or a later one, was heard of before. It is locked."""
    return await uow.row(Heard, _HEAR, indicator_id=indicator_id, version=version)


_SET_TASK = text(
    "update indicator_tasks set task_id = :task_id"
    " where workspace_id = :workspace_id and indicator_id = :indicator_id"
)


async def set_task(uow: UnitOfWork, indicator_id: UUID, task_id: UUID) -> None:
    await uow.run(_SET_TASK, indicator_id=indicator_id, task_id=task_id)
