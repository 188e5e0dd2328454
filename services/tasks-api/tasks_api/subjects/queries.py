from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork
from tasks_api.work.tasks.rows import Task

_ABOUT = """
    workspace_id = :workspace_id
    and (subject_id = :id and subject_type = cast(:record_type as text)
         or account_id = :id and cast(:record_type as text) = 'account')
"""
_HIDE = {
    table: text(
        f"""
        update {table} set hidden_by = array_append(hidden_by, cast(:id as uuid))
        where {_ABOUT} and not hidden_by @> array[cast(:id as uuid)]
        """
    )
    for table in ("tasks", "notes")
}
_SHOW = {
    table: text(
        f"""
        update {table} set hidden_by = array_remove(hidden_by, cast(:id as uuid))
        where {_ABOUT} and hidden_by @> array[cast(:id as uuid)]
        """
    )
    for table in ("tasks", "notes")
}


async def hide(uow: UnitOfWork, record_type: str, record_id: UUID) -> None:
    """Tasks and notes about the record leave the lists. A repeated call changes nothing."""
    for statement in _HIDE.values():
        await uow.run(statement, record_type=record_type, id=record_id)


async def show(uow: UnitOfWork, record_type: str, record_id: UUID) -> None:
    """What this record hid is back, unless another one hides it."""
    for statement in _SHOW.values():
        await uow.run(statement, record_type=record_type, id=record_id)


_OPEN_ABOUT = text(f"select * from tasks where {_ABOUT} and status = 'open' order by id for update")


async def open_tasks_about(uow: UnitOfWork, record_type: str, record_id: UUID) -> Sequence[Task]:
    return await uow.rows(Task, _OPEN_ABOUT, record_type=record_type, id=record_id)


# Of several that would have one key the youngest is open again.
_REOPEN = text(
    f"""
    update tasks set status = 'open', outcome = null, ended_at = null,
           version = version + 1, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id in (
        select distinct on (coalesce(dedupe_key, id::text)) id from tasks closed
        where {_ABOUT} and status = 'closed' and outcome = :outcome
          and not exists (
              select from tasks other
              where other.workspace_id = :workspace_id and other.status = 'open'
                and other.dedupe_key = closed.dedupe_key)
        order by coalesce(dedupe_key, id::text), id desc)
    returning *
    """
)


async def reopen(
    uow: UnitOfWork, record_type: str, record_id: UUID, outcome: str
) -> Sequence[Task]:
    """Tasks about the record that ended with this outcome are open again, unless one with the same
    key was opened meanwhile.
    """
    return await uow.rows(Task, _REOPEN, record_type=record_type, id=record_id, outcome=outcome)
