from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sequencer.mail.mailboxes.models import mailboxes
from sequencer.mail.mailboxes.rows import Mailbox, MailboxChanges, NewMailbox
from sequencer.pages import rows_of_page
from shared.data import WORKSPACE
from shared.uow import UnitOfWork

_COLUMNS = tuple(mailboxes.c[field.name] for field in fields(Mailbox))
_SELECT = select(*_COLUMNS).where(mailboxes.c.workspace_id == WORKSPACE)


async def insert_mailbox(uow: UnitOfWork, new: NewMailbox) -> Mailbox:
    """Violates `uq_mailboxes_workspace_id_address` when the address is a mailbox already."""
    return await uow.one(Mailbox, insert(mailboxes).values(**new).returning(*_COLUMNS))


_BY_ID = _SELECT.where(mailboxes.c.id == bindparam("mailbox_id"))


async def mailbox_by_id(uow: UnitOfWork, mailbox_id: UUID) -> Mailbox | None:
    return await uow.row(Mailbox, _BY_ID, mailbox_id=mailbox_id)


async def mailboxes_page(uow: UnitOfWork, *, after_id: UUID | None, limit: int) -> list[Mailbox]:
    return await rows_of_page(
        uow, Mailbox, mailboxes, {}, after_id=after_id, limit=limit, newest_first=False
    )


_BY_IDS = _SELECT.where(mailboxes.c.id.in_(bindparam("ids", expanding=True))).order_by(
    mailboxes.c.id
)
_HOLD = _BY_IDS.with_for_update(skip_locked=True)


async def mailboxes_by_id(
    uow: UnitOfWork, ids: Collection[UUID], *, hold: bool = False
) -> dict[UUID, Mailbox]:
    """`hold` locks the rows until the transaction ends; what another claim holds is left out."""
    if not ids:
        return {}
    rows = await uow.rows(Mailbox, _HOLD if hold else _BY_IDS, ids=sorted(ids))
    return {row.id: row for row in rows}


@dataclass(frozen=True, slots=True)
class _OfMember:
    member_id: UUID
    id: UUID


_OF_MEMBERS = text(
    """
    select distinct on (member_id) member_id, id from mailboxes
    where workspace_id = :workspace_id and member_id = any(:member_ids)
    order by member_id, state, id
    """
)


async def mailboxes_of_members(uow: UnitOfWork, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Member to mailbox: an active one before a paused one, then the oldest."""
    rows = await uow.rows(_OfMember, _OF_MEMBERS, member_ids=list(member_ids))
    return {row.member_id: row.id for row in rows}


async def change_mailbox(uow: UnitOfWork, mailbox_id: UUID, changes: MailboxChanges) -> Mailbox:
    changed = (
        update(mailboxes)
        .where(mailboxes.c.workspace_id == uow.workspace_id, mailboxes.c.id == mailbox_id)
        .values(**changes, version=mailboxes.c.version + 1, updated_at=func.clock_timestamp())
        .returning(*_COLUMNS)
    )
    return await uow.one(Mailbox, changed)


_DELETE = text("delete from mailboxes where workspace_id = :workspace_id and id = :mailbox_id")


async def delete_mailbox(uow: UnitOfWork, mailbox_id: UUID) -> None:
    await uow.run(_DELETE, mailbox_id=mailbox_id)


_SPEND = text(
    """
    update mailboxes
    set spent = case when spent_on = :day then spent else 0 end + :mails, spent_on = :day
    where workspace_id = :workspace_id and id = :mailbox_id
    """
)


async def spend(uow: UnitOfWork, mailbox_id: UUID, day: date, mails: int) -> None:
    """Under the lock of `mailboxes_by_id(hold=True)`."""
    await uow.run(_SPEND, mailbox_id=mailbox_id, day=day, mails=mails)


_REFUND = text(
    """
    update mailboxes set spent = greatest(spent - 1, 0)
    where workspace_id = :workspace_id and id = :mailbox_id and spent_on = :day
    """
)


async def refund(uow: UnitOfWork, mailbox_id: UUID, day: date) -> None:
    await uow.run(_REFUND, mailbox_id=mailbox_id, day=day)


_PAUSE = text(
    """
    update mailboxes
    set state = 'paused', pause_reason = :reason, version = version + 1,
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :mailbox_id and state = 'active'
    """
)


async def pause(uow: UnitOfWork, mailbox_id: UUID, reason: str) -> bool:
    """False when it is paused already, so that its owner is notified once."""
    return await uow.run(_PAUSE, mailbox_id=mailbox_id, reason=reason) > 0
