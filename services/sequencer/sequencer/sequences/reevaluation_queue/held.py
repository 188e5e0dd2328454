"""The records that were set aside, as `/v1/held-work/sequencer` shows them and tries them again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from sequencer.sequences.reevaluation_queue import service as agenda
from shared.held_work import NotHeld
from shared.uow import UnitOfWork

_SET_ASIDE = """
    select s.record_id as id, 'records' as step,
           jsonb_build_object('opportunity_id', s.record_id) as about,
           s.reason, s.failures as attempts, s.since as held_at, a.due_at as retry_at
    from set_aside_records s
    left join agenda a on a.workspace_id = s.workspace_id and a.record_id = s.record_id
    where s.workspace_id = :workspace_id
"""
_PAGE = text(
    f"""
    {_SET_ASIDE} and (s.since, s.record_id) > (:since, :after_id)
    order by s.since, s.record_id
    limit :limit
    """
)
_ONE = text(f"{_SET_ASIDE} and s.record_id = :record_id")


async def page(uow: UnitOfWork, after: tuple[datetime, UUID], limit: int) -> Sequence[RowMapping]:
    """What was set aside first comes first."""
    since, after_id = after
    given = {"since": since, "after_id": after_id, "limit": limit}
    found = await uow.session.execute(_PAGE, {"workspace_id": uow.workspace_id, **given})
    return found.mappings().all()


async def retry(uow: UnitOfWork, held_id: UUID) -> RowMapping:
    """Look at the record now. Raises `NotHeld`."""
    given = {"workspace_id": uow.workspace_id, "record_id": held_id}
    if (await uow.session.execute(_ONE, given)).first() is None:
        raise NotHeld("It was done meanwhile, or never was held.")
    await agenda.look_again(uow, [held_id])
    return (await uow.session.execute(_ONE, given)).mappings().one()
