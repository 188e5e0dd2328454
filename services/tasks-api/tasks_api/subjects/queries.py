from collections.abc import Sequence
from dataclasses import dataclass
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


# Of several that would have one key, the youngest.
_CLOSED_WITH = text(
    f"""
    select * from tasks
    where workspace_id = :workspace_id and id in (
        select distinct on (coalesce(dedupe_key, id::text)) id from tasks closed
        where {_ABOUT} and status = 'closed' and outcome = :outcome
          and not exists (
              select from tasks other
              where other.workspace_id = :workspace_id and other.status = 'open'
                and other.dedupe_key = closed.dedupe_key)
        order by coalesce(dedupe_key, id::text), id desc)
    order by id
    for update
    """
)


async def closed_with(
    uow: UnitOfWork, record_type: str, record_id: UUID, outcome: str
) -> Sequence[Task]:
    """Tasks about the record that ended with this outcome, but for those whose key another one has
    that was opened meanwhile.
    """
    return await uow.rows(
        Task, _CLOSED_WITH, record_type=record_type, id=record_id, outcome=outcome
    )


@dataclass(frozen=True, slots=True)
class Mention:
    """A task or a note whose column names a record."""

    kind: str
    id: UUID
    column: str


_MENTIONS = text(
    " union all ".join(
        f"""
        select '{kind}' as kind, id, '{column}' as column from {kind}s
        where workspace_id = :workspace_id and {column} = :id and {condition}
        """
        for kind in ("task", "note")
        for column, condition in (
            ("subject_id", "subject_type = cast(:record_type as text)"),
            ("account_id", "cast(:record_type as text) = 'account'"),
        )
    )
)


async def mentions(uow: UnitOfWork, record_type: str, record_id: UUID) -> Sequence[Mention]:
    return await uow.rows(Mention, _MENTIONS, record_type=record_type, id=record_id)
