from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.mail.mailboxes.models import Mailbox

_SPEND = text(
    """
    update mailboxes
    set spent = case when spent_on = :day then spent else 0 end + :mails, spent_on = :day
    where workspace_id = :workspace_id and id = :id
    """
)
_REFUND = text(
    """
    update mailboxes set spent = greatest(spent - 1, 0)
    where workspace_id = :workspace_id and id = :id and spent_on = :day
    """
)
_OF_MEMBERS = text(
    """
    select distinct on (member_id) member_id, id from mailboxes
    where workspace_id = :workspace_id and member_id = any(:member_ids)
    order by member_id, state, id
    """
)
_PAUSE = text(
    """
    update mailboxes
    set state = 'paused', pause_reason = :reason, version = version + 1,
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id and state = 'active'
    """
)


async def mailbox_by_id(
    session: AsyncSession, workspace_id: UUID, mailbox_id: UUID
) -> Mailbox | None:
    found = select(Mailbox).where(Mailbox.workspace_id == workspace_id, Mailbox.id == mailbox_id)
    return (await session.scalars(found)).one_or_none()


async def mailboxes_page(
    session: AsyncSession, workspace_id: UUID, *, after_id: UUID | None, limit: int
) -> list[Mailbox]:
    page = select(Mailbox).where(Mailbox.workspace_id == workspace_id)
    if after_id is not None:
        page = page.where(Mailbox.id > after_id)
    return list(await session.scalars(page.order_by(Mailbox.id).limit(limit + 1)))


async def mailboxes_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Collection[UUID], *, hold: bool
) -> dict[UUID, Mailbox]:
    """`hold` locks the rows until the transaction ends; what another claim holds is left out."""
    wanted = select(Mailbox).where(
        Mailbox.workspace_id == workspace_id, Mailbox.id.in_(sorted(ids))
    )
    if hold:
        wanted = wanted.order_by(Mailbox.id).with_for_update(skip_locked=True)
    rows = await session.scalars(wanted.execution_options(populate_existing=True))
    return {row.id: row for row in rows}


async def mailboxes_of_members(
    session: AsyncSession, workspace_id: UUID, member_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Member to mailbox: an active one before a paused one, then the oldest."""
    rows = await session.execute(
        _OF_MEMBERS, {"workspace_id": workspace_id, "member_ids": list(member_ids)}
    )
    return {row.member_id: row.id for row in rows}


async def spend(
    session: AsyncSession, workspace_id: UUID, mailbox_id: UUID, day: date, mails: int
) -> None:
    await session.execute(
        _SPEND, {"workspace_id": workspace_id, "id": mailbox_id, "day": day, "mails": mails}
    )


async def refund(session: AsyncSession, workspace_id: UUID, mailbox_id: UUID, day: date) -> None:
    await session.execute(_REFUND, {"workspace_id": workspace_id, "id": mailbox_id, "day": day})


async def pause(session: AsyncSession, workspace_id: UUID, mailbox_id: UUID, reason: str) -> bool:
    done = await session.execute(
        _PAUSE, {"workspace_id": workspace_id, "id": mailbox_id, "reason": reason}
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts
