from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail reached nobody."""

    id: UUID
    message_id: UUID
    address: str
    kind: Literal["hard", "soft"]
    status: str | None
    diagnostic: str | None
    received_at: datetime


_ADD = text(
    """
    insert into bounces
        (workspace_id, id, message_id, address, kind, status, diagnostic, received_at)
    values (:workspace_id, :id, :message_id, :address, :kind, :status, :diagnostic, :received_at)
    """
)


async def insert_bounce(uow: UnitOfWork, bounce: Bounce) -> None:
    await uow.run(_ADD, **asdict(bounce))


_COUNT_SOFT = text(
    "select count(*) from bounces where workspace_id = :workspace_id"
    " and address = :address and kind = 'soft' and received_at >= :since"
)


async def count_soft_bounces(uow: UnitOfWork, address: str, since: datetime) -> int:
    return await uow.one_value(int, _COUNT_SOFT, address=address, since=since)
