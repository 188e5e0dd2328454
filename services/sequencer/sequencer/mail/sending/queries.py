from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import func, text, update

from sequencer.mail.messages.models import messages
from sequencer.mail.messages.rules import MessageState
from shared.columns import AT
from shared.data import Transaction
from shared.uow import UnitOfWork

# A limit in the lateral part makes PostgreSQL look into the index once per workspace.
_WORKSPACES_DUE = text(
    """
    with places as materialized (
        select workspace_id, settings, coalesce(frozen_at, clock_timestamp()) as now,
               clock_timestamp() as machine_now
        from workspaces)
    select w.workspace_id
    from places w
    cross join lateral (
        select m.due_at from messages m
        where m.workspace_id = w.workspace_id and m.state = 'scheduled'
          and m.due_at <= w.now
          and (m.retry_at is null or m.retry_at <= w.machine_now)
        order by m.due_at limit 1
    ) due
    where w.settings #>> '{holds,sending}' is distinct from 'true'
    order by due.due_at
    limit :limit
    """
)


async def workspaces_with_due_messages(scope: Transaction, limit: int) -> list[UUID]:
    return await scope.values(UUID, _WORKSPACES_DUE, limit=limit)


@dataclass(frozen=True, slots=True)
class LapsedDelivery:
    """A hand-over whose worker has been silent past its lease."""

    workspace_id: UUID
    id: UUID
    fence: int


_LAPSED = text(
    """
    select workspace_id, id, fence from messages
    where state = 'dispatching' and lease_until < clock_timestamp()
    order by lease_until limit :limit
    """
)


async def lapsed_messages(scope: Transaction, limit: int) -> list[LapsedDelivery]:
    """Of all workspaces."""
    return await scope.rows(LapsedDelivery, _LAPSED, limit=limit)


_HOLD_DUE = text(
    """
    select m.id from messages m
    where m.workspace_id = :workspace_id and m.state = 'scheduled' and m.due_at <= :now
      and (m.retry_at is null or m.retry_at <= clock_timestamp())
      and not exists (
          select from workspaces w
          where w.workspace_id = :workspace_id
            and w.settings #>> '{holds,sending}' = 'true')
    order by m.due_at, m.id limit :limit
    for update of m skip locked
    """
)


async def hold_due(uow: UnitOfWork, limit: int) -> list[UUID]:
    """Mails that are due and that nobody else has: locked until the transaction ends."""
    return await uow.values(UUID, _HOLD_DUE, now=await uow.now(), limit=limit)


@dataclass(frozen=True, slots=True)
class NewClaim:
    """What the ledger keeps of a mail that is about to be handed over."""

    id: UUID
    mailbox_id: UUID
    sender: str
    recipient: str
    subject: str
    internet_message_id: str
    content_digest: str


@dataclass(frozen=True, slots=True)
class _Fence:
    id: UUID
    fence: int


_CLAIM = text(
    """
    update messages m
    set state = 'dispatching', phase = 'connecting', attempts = m.attempts + 1,
        fence = nextval('message_fences'),
        lease_until = clock_timestamp() + make_interval(secs => :lease),
        retry_at = null, reason = null, detail = null,
        mailbox_id = c.mailbox_id, sender = c.sender, recipient = c.recipient, subject = c.subject,
        internet_message_id = c.internet_message_id, content_digest = c.content_digest,
        updated_at = clock_timestamp()
    from jsonb_to_recordset(cast(:rows as jsonb)) as c(
        id uuid, mailbox_id uuid, sender text, recipient text, subject text,
        internet_message_id text, content_digest text)
    where m.workspace_id = :workspace_id and m.id = c.id and m.state = 'scheduled'
    returning m.id, m.fence
    """
)


async def claim(uow: UnitOfWork, claims: Sequence[NewClaim], lease: float) -> dict[UUID, int]:
    """Fence by message."""
    rows = await uow.rows(_Fence, _CLAIM, rows=to_json(claims).decode(), lease=lease)
    return {row.id: row.fence for row in rows}


_KEEP = text(
    """
    insert into message_contents (workspace_id, message_id, raw)
    values (:workspace_id, :message_id, :raw)
    on conflict (workspace_id, message_id) do update set raw = excluded.raw
    """
)


async def keep_content(uow: UnitOfWork, message_id: UUID, raw: bytes) -> None:
    await uow.run(_KEEP, message_id=message_id, raw=raw)


_BEGIN_BODY = text(
    """
    update messages set phase = 'body_started',
        lease_until = clock_timestamp() + make_interval(secs => :lease),
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id and fence = :fence
      and state = 'dispatching' and phase = 'connecting' and lease_until > clock_timestamp()
    """
)


async def begin_body(uow: UnitOfWork, message_id: UUID, fence: int, lease: float) -> bool:
    return await uow.run(_BEGIN_BODY, id=message_id, fence=fence, lease=lease) > 0


_HEARTBEAT = text(
    """
    update messages set lease_until = clock_timestamp() + make_interval(secs => :lease)
    where workspace_id = :workspace_id and id = :id and fence = :fence and state = 'dispatching'
    """
)


async def renew_lease(uow: UnitOfWork, message_id: UUID, fence: int, lease: float) -> bool:
    return await uow.run(_HEARTBEAT, id=message_id, fence=fence, lease=lease) > 0


_HAS_LAPSED = text(
    "select lease_until < clock_timestamp() from messages"
    " where workspace_id = :workspace_id and id = :id"
)


async def has_lapsed(uow: UnitOfWork, message_id: UUID) -> bool:
    return await uow.value(bool, _HAS_LAPSED, id=message_id) or False


async def end_attempt(
    uow: UnitOfWork,
    message_id: UUID,
    *,
    before: Collection[MessageState],
    state: MessageState,
    fence: int | None,
    reason: str | None = None,
    detail: str | None = None,
    sent_at: datetime | None = None,
    retry_seconds: float | None = None,
    mailbox_id: UUID | None = None,
    held_at: datetime | None = None,
    no_longer_held: bool = False,
    counts: bool = True,
) -> bool:
    """False when the row has gone on without this attempt: the fence does not fit, or the state."""
    now = func.clock_timestamp(type_=AT)
    changes = {"state": state, "phase": None, "lease_until": None, "reason": reason}
    values: dict[str, object] = {**changes, "detail": detail, "updated_at": now}
    if sent_at is not None:
        values["sent_at"] = sent_at
    if held_at is not None or no_longer_held:
        values["held_at"] = held_at
    if not counts:
        values["attempts"] = messages.c.attempts - 1
    if mailbox_id is not None:
        values["mailbox_id"] = mailbox_id
    if retry_seconds is not None:
        values["retry_at"] = now + timedelta(seconds=retry_seconds)
    ended = update(messages).where(
        messages.c.workspace_id == uow.workspace_id,
        messages.c.id == message_id,
        messages.c.state.in_(before),
    )
    if fence is not None:
        ended = ended.where(messages.c.fence == fence)
    return await uow.run(ended.values(values)) > 0
