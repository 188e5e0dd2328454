"""The opportunities in quarantine: `/v1/held-work/sequencer` lists and retries them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from sequencer.sequences.reevaluation_queue import service as queue
from shared.held_work import NotHeld
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class QuarantinedOpportunity:
    """As held work is shown."""

    id: UUID
    step: str
    about: dict[str, str]
    reason: str
    attempts: int
    held_at: datetime
    retry_at: datetime | None


_SELECT = """
    select s.opportunity_id as id, 'records' as step,
           jsonb_build_object('opportunity_id', s.opportunity_id) as about,
           s.reason, s.failures as attempts, s.since as held_at, q.due_at as retry_at
    from quarantined_opportunities s
    left join reevaluation_queue q
      on q.workspace_id = s.workspace_id and q.opportunity_id = s.opportunity_id
    where s.workspace_id = :workspace_id
"""
_PAGE = text(
    f"""
    {_SELECT} and (s.since, s.opportunity_id) > (:since, :after_id)
    order by s.since, s.opportunity_id
    limit :limit
    """
)
_ONE = text(f"{_SELECT} and s.opportunity_id = :opportunity_id")


async def page(
    uow: UnitOfWork, after: tuple[datetime, UUID], limit: int
) -> list[QuarantinedOpportunity]:
    """What is quarantined first comes first."""
    since, after_id = after
    return await uow.rows(
        QuarantinedOpportunity, _PAGE, since=since, after_id=after_id, limit=limit
    )


async def retry(uow: UnitOfWork, held_id: UUID) -> QuarantinedOpportunity:
    """Evaluate it now. Raises `NotHeld`."""
    if await uow.row(QuarantinedOpportunity, _ONE, opportunity_id=held_id) is None:
        raise NotHeld("It was done meanwhile, or never was held.")
    await queue.enqueue(uow, [held_id])
    return await uow.one(QuarantinedOpportunity, _ONE, opportunity_id=held_id)
