from dataclasses import dataclass

from sqlalchemy import text

from shared.events.records import EmailStatus
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Holder:
    id: str
    email_status: EmailStatus


_HOLDERS = text(
    "select id::text as id, email_status from contacts"
    " where workspace_id = :workspace_id and email_key = :email_key and deleted_at is null"
)


async def holders_of(uow: UnitOfWork, email_key: str) -> list[Holder]:
    """The living contacts with an address."""
    return await uow.rows(Holder, _HOLDERS, email_key=email_key)
