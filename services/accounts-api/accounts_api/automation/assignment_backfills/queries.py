from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork

_START = text(
    """
    insert into assignment_backfills (workspace_id, key_role_id, run, mode, cause)
    values (:workspace_id, :key_role_id, :run, :mode, cast(:cause as jsonb))
    on conflict (workspace_id, key_role_id) do update
    set run = excluded.run, mode = excluded.mode, cause = excluded.cause,
        assigned = case when excluded.mode = assignment_backfills.mode and :goes_on
                        then assignment_backfills.assigned else 0 end,
        unassigned = 0
    """
)


async def start(
    uow: UnitOfWork, key_role_id: UUID, *, run: int, mode: str, cause: str, goes_on: bool
) -> None:
    started = {"run": run, "mode": mode, "cause": cause, "goes_on": goes_on}
    await uow.run(_START, key_role_id=key_role_id, **started)


@dataclass(frozen=True, slots=True)
class Run:
    """The last backfill that somebody wanted."""

    run: int
    mode: str
    assigned: int
    unassigned: int
    cause: list[dict[str, Any]]


_RUN_OF = text(
    "select run, mode, assigned, unassigned, cause from assignment_backfills"
    " where workspace_id = :workspace_id and key_role_id = :key_role_id"
)


async def run_of(uow: UnitOfWork, key_role_id: UUID) -> Run | None:
    return await uow.row(Run, _RUN_OF, key_role_id=key_role_id)


_COUNT = text(
    "update assignment_backfills set assigned = assigned + :assigned,"
    " unassigned = unassigned + :unassigned"
    " where workspace_id = :workspace_id and key_role_id = :key_role_id"
)


async def count(uow: UnitOfWork, key_role_id: UUID, *, assigned: int, unassigned: int) -> None:
    counts = {"assigned": assigned, "unassigned": unassigned}
    await uow.run(_COUNT, key_role_id=key_role_id, **counts)


_FORGET = text(
    "delete from assignment_backfills"
    " where workspace_id = :workspace_id and key_role_id = :key_role_id"
)


async def forget(uow: UnitOfWork, key_role_id: UUID) -> None:
    await uow.run(_FORGET, key_role_id=key_role_id)
