from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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
_KEEP = text(
    """
    insert into message_contents (workspace_id, message_id, raw)
    values (:workspace_id, :message_id, :raw)
    on conflict (workspace_id, message_id) do update set raw = excluded.raw
    """
)
_BEGIN_BODY = text(
    """
    update messages set phase = 'body_started',
        lease_until = clock_timestamp() + make_interval(secs => :lease),
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id and fence = :fence
      and state = 'dispatching' and phase = 'connecting' and lease_until > clock_timestamp()
    """
)
_HEARTBEAT = text(
    """
    update messages set lease_until = clock_timestamp() + make_interval(secs => :lease)
    where workspace_id = :workspace_id and id = :id and fence = :fence and state = 'dispatching'
    """
)
_LAPSED = text(
    """
    select workspace_id, id, fence from messages
    where state = 'dispatching' and lease_until < clock_timestamp()
    order by lease_until limit :limit
    """
)
_END = """
    update messages
    set state = :state, phase = null, lease_until = null, reason = :reason, detail = :detail,
        {extra} updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id and state = any(:before)
      and (cast(:fence as bigint) is null or fence = :fence)
"""


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
class LapsedDelivery:
    """A hand-over whose worker has been silent past its lease."""

    workspace_id: UUID
    id: UUID
    fence: int


async def workspaces_with_due_messages(session: AsyncSession, limit: int) -> list[UUID]:
    return list(await session.scalars(_WORKSPACES_DUE, {"limit": limit}))


async def lapsed_messages(session: AsyncSession, limit: int) -> list[LapsedDelivery]:
    """Of all workspaces."""
    rows = await session.execute(_LAPSED, {"limit": limit})
    return [LapsedDelivery(**row) for row in rows.mappings()]


async def hold_due(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> list[UUID]:
    """Mails that are due and that nobody else has: locked until the transaction ends."""
    return list(
        await session.scalars(_HOLD_DUE, {"workspace_id": workspace_id, "now": now, "limit": limit})
    )


async def claim(
    session: AsyncSession, workspace_id: UUID, rows: Sequence[NewClaim], lease: float
) -> dict[UUID, int]:
    """Fence by message."""
    found = await session.execute(
        _CLAIM,
        {"workspace_id": workspace_id, "rows": to_json(rows).decode(), "lease": lease},
    )
    return {row.id: row.fence for row in found}


async def keep_content(
    session: AsyncSession, workspace_id: UUID, message_id: UUID, raw: bytes
) -> None:
    await session.execute(
        _KEEP, {"workspace_id": workspace_id, "message_id": message_id, "raw": raw}
    )


async def begin_body(
    session: AsyncSession, workspace_id: UUID, message_id: UUID, fence: int, lease: float
) -> bool:
    done = await session.execute(
        _BEGIN_BODY,
        {"workspace_id": workspace_id, "id": message_id, "fence": fence, "lease": lease},
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def renew_lease(
    session: AsyncSession, workspace_id: UUID, message_id: UUID, fence: int, lease: float
) -> bool:
    done = await session.execute(
        _HEARTBEAT,
        {"workspace_id": workspace_id, "id": message_id, "fence": fence, "lease": lease},
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def has_lapsed(session: AsyncSession, workspace_id: UUID, message_id: UUID) -> bool:
    found = await session.execute(
        text(
            "select lease_until < clock_timestamp() from messages"
            " where workspace_id = :workspace_id and id = :id"
        ),
        {"workspace_id": workspace_id, "id": message_id},
    )
    return bool(found.scalar_one_or_none())


async def end_attempt(
    session: AsyncSession,
    workspace_id: UUID,
    message_id: UUID,
    *,
    before: Collection[str],
    state: str,
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
    extra = ""
    values: dict[str, Any] = {}
    if sent_at is not None:
        extra += "sent_at = :sent_at, "
        values["sent_at"] = sent_at
    if held_at is not None:
        extra += "held_at = :held_at, "
        values["held_at"] = held_at
    if no_longer_held:
        extra += "held_at = null, "
    if not counts:
        extra += "attempts = attempts - 1, "
    if mailbox_id is not None:
        extra += "mailbox_id = :mailbox_id, "
        values["mailbox_id"] = mailbox_id
    if retry_seconds is not None:
        extra += "retry_at = clock_timestamp() + make_interval(secs => :retry), "
        values["retry"] = retry_seconds
    done = await session.execute(
        text(_END.format(extra=extra)),
        {
            "workspace_id": workspace_id,
            "id": message_id,
            "before": list(before),
            "state": state,
            "fence": fence,
            "reason": reason,
            "detail": detail,
            **values,
        },
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts
