from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.assignment_backfills import queries
from accounts_api.automation.assignment_backfills.queries import Run
from accounts_api.evaluation.engine import service as engine
from shared.uow import UnitOfWork

__all__ = ["Run", "count", "forget", "run_of", "start"]

count = queries.count
forget = queries.forget


async def start(uow: UnitOfWork, key_role_id: UUID, mode: str, *, goes_on: bool = False) -> None:
    """Say what the backfill that was just started is for."""
    backfill = (await engine.backfills_of(uow, [key_role_id]))[key_role_id]
    cause = to_json(uow.cause).decode()
    await queries.start(uow, key_role_id, run=backfill.run, mode=mode, cause=cause, goes_on=goes_on)


async def run_of(uow: UnitOfWork, key_role_id: UUID) -> Run | None:
    """What the latest backfill is for; None: the daily self-check, which finds what was missed and
    treats it as any change.
    """
    wanted = await queries.run_of(uow, key_role_id)
    backfill = (await engine.backfills_of(uow, [key_role_id])).get(key_role_id)
    if wanted is None or backfill is None or wanted.run != backfill.run:
        return None
    return wanted
