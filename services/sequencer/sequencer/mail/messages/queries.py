from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.mail.messages.rules import OPEN
from sequencer.mail.messages.schemas import Message, NewMessage

_COLUMNS = (
    "id, enrollment_id, sequence_id, sequence_title, step_id, step_title, opportunity_id,"
    " account_id, contact_id, state, phase, due_at, retry_at, attempts, fence, mailbox_id, sender,"
    " recipient, subject, internet_message_id, reason, detail, sent_at, bounced_at, superseded_at,"
    " held_at, created_at, updated_at"
)
_SELECT = f"select {_COLUMNS} from messages where workspace_id = :workspace_id"

_ADD = text(
    """
    insert into messages
        (workspace_id, id, enrollment_id, sequence_id, sequence_title, step_id, step_title,
         opportunity_id, account_id, contact_id, state, due_at, reason)
    select :workspace_id, m.id, m.enrollment_id, m.sequence_id, m.sequence_title, m.step_id,
           m.step_title, m.opportunity_id, m.account_id, m.contact_id, m.state, m.due_at, m.reason
    from jsonb_to_recordset(cast(:rows as jsonb)) as m(
        id uuid, enrollment_id uuid, sequence_id uuid, sequence_title text, step_id uuid,
        step_title text, opportunity_id uuid, account_id uuid, contact_id uuid, state text,
        due_at timestamptz, reason text)
    on conflict (workspace_id, enrollment_id, step_id) where superseded_at is null do nothing
    """
)


async def add_messages(
    session: AsyncSession, workspace_id: UUID, rows: Sequence[NewMessage]
) -> None:
    await session.execute(_ADD, {"workspace_id": workspace_id, "rows": to_json(rows).decode()})


async def standing_of(
    session: AsyncSession, workspace_id: UUID, enrollment_ids: Collection[UUID]
) -> list[Any]:
    """Steps that have a row which stands, and when the last mail left, by enrollment."""
    rows = await session.execute(
        text(
            """
            select enrollment_id,
                   coalesce(array_agg(step_id) filter (where superseded_at is null), '{}')
                       as handled,
                   max(sent_at) filter (where reason is distinct from 'hard_bounce')
                       as last_sent_at
            from messages
            where workspace_id = :workspace_id and enrollment_id = any(:enrollment_ids)
            group by enrollment_id
            """
        ),
        {"workspace_id": workspace_id, "enrollment_ids": list(enrollment_ids)},
    )
    return list(rows)


async def open_messages(
    session: AsyncSession, workspace_id: UUID, enrollment_ids: Collection[UUID]
) -> list[Message]:
    return await _messages(
        session,
        f"{_SELECT} and enrollment_id = any(:enrollment_ids) and superseded_at is null"
        " and state = any(:open) order by id",
        {"workspace_id": workspace_id, "enrollment_ids": list(enrollment_ids), "open": list(OPEN)},
    )


async def steps_sent_in(
    session: AsyncSession, workspace_id: UUID, enrollment_ids: Collection[UUID]
) -> list[tuple[UUID, UUID]]:
    """Enrollment and step."""
    found = await session.execute(
        text(
            """
            select distinct enrollment_id, step_id from messages
            where workspace_id = :workspace_id and enrollment_id = any(:enrollment_ids)
              and superseded_at is null and state in ('sent', 'unknown', 'dispatching')
            """
        ),
        {"workspace_id": workspace_id, "enrollment_ids": list(enrollment_ids)},
    )
    return [(row.enrollment_id, row.step_id) for row in found]


async def message_by_id(
    session: AsyncSession, workspace_id: UUID, message_id: UUID, *, lock: bool = False
) -> Message | None:
    found = await _messages(
        session,
        f"{_SELECT} and id = :id{' for update' if lock else ''}",
        {"workspace_id": workspace_id, "id": message_id},
    )
    return found[0] if found else None


async def messages_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Collection[UUID]
) -> list[Message]:
    return await _messages(
        session,
        f"{_SELECT} and id = any(:ids) order by due_at, id",
        {"workspace_id": workspace_id, "ids": list(ids)},
    )


async def message_by_internet_id(
    session: AsyncSession, workspace_id: UUID, internet_message_ids: Sequence[str]
) -> Message | None:
    """The one named first."""
    found = await _messages(
        session,
        f"{_SELECT} and internet_message_id = any(:ids)"
        " order by array_position(cast(:ids as text[]), internet_message_id) limit 1",
        {"workspace_id": workspace_id, "ids": list(internet_message_ids)},
    )
    return found[0] if found else None


async def last_message_to(
    session: AsyncSession, workspace_id: UUID, addresses: Sequence[str], since: datetime
) -> Message | None:
    found = await _messages(
        session,
        f"{_SELECT} and recipient = any(:addresses) and sent_at >= :since"
        " and superseded_at is null order by sent_at desc limit 1",
        {"workspace_id": workspace_id, "addresses": list(addresses), "since": since},
    )
    return found[0] if found else None


async def lately_to(
    session: AsyncSession, workspace_id: UUID, addresses: Sequence[str], since: datetime
) -> list[Message]:
    """The latest first, also those that may have left, for which the day they were due counts."""
    return await _messages(
        session,
        f"{_SELECT} and recipient = any(:addresses) and bounced_at is null"
        " and superseded_at is null and coalesce(sent_at, due_at) >= :since"
        " and (sent_at is not null or state = 'unknown'"
        " or (state = 'dispatching' and phase = 'body_started'))"
        " order by coalesce(sent_at, due_at) desc, id desc limit 50",
        {"workspace_id": workspace_id, "addresses": list(addresses), "since": since},
    )


async def sent_before(
    session: AsyncSession, workspace_id: UUID, enrollment_id: UUID, contact_id: UUID
) -> list[str]:
    """Message-IDs that reached this contact in this enrollment, oldest first."""
    found = await session.scalars(
        text(
            """
            select internet_message_id from messages
            where workspace_id = :workspace_id and enrollment_id = :enrollment_id
              and contact_id = :contact_id and state = 'sent' and bounced_at is null
            order by sent_at
            """
        ),
        {
            "workspace_id": workspace_id,
            "enrollment_id": enrollment_id,
            "contact_id": contact_id,
        },
    )
    return list(found)


async def sent_to_since(
    session: AsyncSession, workspace_id: UUID, address: str, since: datetime
) -> int:
    """Mails that left, or may have left."""
    found = await session.execute(
        text(
            """
            select count(*) from messages
            where workspace_id = :workspace_id and recipient = :address
              and ((sent_at >= :since and bounced_at is null)
                   or state in ('dispatching', 'unknown'))
            """
        ),
        {"workspace_id": workspace_id, "address": address, "since": since},
    )
    return int(found.scalar_one())


async def raw_of(session: AsyncSession, workspace_id: UUID, message_id: UUID) -> bytes | None:
    found = await session.execute(
        text(
            "select raw from message_contents"
            " where workspace_id = :workspace_id and message_id = :id"
        ),
        {"workspace_id": workspace_id, "id": message_id},
    )
    raw: bytes | None = found.scalar_one_or_none()
    return raw


async def messages_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    filters: dict[str, Any],
    after_id: UUID | None,
    limit: int,
) -> list[Message]:
    """Newest first. `filters` holds column names of ours and values."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    narrower = "".join(f" and {name} = :{name}" for name in wanted)
    after = " and id < :after_id" if after_id is not None else ""
    return await _messages(
        session,
        f"{_SELECT}{narrower}{after} order by id desc limit :limit",
        {
            "workspace_id": workspace_id,
            "limit": limit + 1,
            **wanted,
            **({"after_id": after_id} if after_id is not None else {}),
        },
    )


async def set_fields(
    session: AsyncSession,
    workspace_id: UUID,
    ids: Collection[UUID],
    states: Collection[str],
    changes: dict[str, Any],
) -> list[UUID]:
    """Change rows that are in one of `states`; the ids of those that were."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    found = await session.scalars(
        text(
            f"""
            update messages set {assignments}, updated_at = clock_timestamp()
            where workspace_id = :workspace_id and id = any(:ids) and state = any(:states)
            returning id
            """
        ),
        {"workspace_id": workspace_id, "ids": list(ids), "states": list(states), **changes},
    )
    return list(found)


async def release_held(
    session: AsyncSession, workspace_id: UUID, reason: str, mailbox_id: UUID | None
) -> int:
    done = await session.execute(
        text(
            """
            update messages
            set state = 'scheduled', reason = null, detail = null, retry_at = null,
                updated_at = clock_timestamp()
            where workspace_id = :workspace_id and state = 'held' and reason = :reason
              and (cast(:mailbox_id as uuid) is null or mailbox_id = :mailbox_id)
            """
        ),
        {"workspace_id": workspace_id, "reason": reason, "mailbox_id": mailbox_id},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def supersede(
    session: AsyncSession, workspace_id: UUID, enrollment_id: UUID, condition: str
) -> None:
    """`condition` is one of the two below; the check constraint guards what may be superseded."""
    await session.execute(
        text(
            f"""
            update messages
            set superseded_at = clock_timestamp(), updated_at = clock_timestamp()
            where workspace_id = :workspace_id and enrollment_id = :enrollment_id
              and superseded_at is null and {condition}
            """
        ),
        {"workspace_id": workspace_id, "enrollment_id": enrollment_id},
    )


SKIPPED_BY_DATE = "state in ('skipped', 'expired') and reason is distinct from 'manual'"
REACHED_NOBODY = "(state in ('failed', 'suppressed') or bounced_at is not null)"


async def under_way_from(session: AsyncSession, workspace_id: UUID, mailbox_id: UUID) -> bool:
    found = await session.execute(
        text(
            "select exists (select 1 from messages where workspace_id = :workspace_id"
            " and mailbox_id = :mailbox_id and state = 'dispatching')"
        ),
        {"workspace_id": workspace_id, "mailbox_id": mailbox_id},
    )
    return bool(found.scalar_one())


async def count_waiting(session: AsyncSession, workspace_id: UUID, now: datetime) -> dict[str, int]:
    row = (
        await session.execute(
            text(
                """
                select
                    (select count(*) from messages where workspace_id = :workspace_id
                       and state = 'scheduled' and due_at <= :now
                       and (retry_at is null or retry_at <= clock_timestamp())) as due_messages,
                    (select count(*) from messages where workspace_id = :workspace_id
                       and state = 'scheduled' and due_at <= :now
                       and retry_at > clock_timestamp()) as retrying_messages,
                    (select count(*) from messages where workspace_id = :workspace_id
                       and state = 'dispatching') as dispatching_messages,
                    (select count(*) from messages where workspace_id = :workspace_id
                       and state = 'unknown') as unknown_messages
                """
            ),
            {"workspace_id": workspace_id, "now": now},
        )
    ).one()
    return {name: int(getattr(row, name)) for name in row._fields}


async def count_held(session: AsyncSession, workspace_id: UUID) -> int:
    found = await session.execute(
        text("select count(*) from messages where workspace_id = :workspace_id and state = 'held'"),
        {"workspace_id": workspace_id},
    )
    return int(found.scalar_one())


async def _messages(session: AsyncSession, statement: str, values: dict[str, Any]) -> list[Message]:
    rows = await session.execute(text(statement), values)
    return [Message(**row) for row in rows.mappings()]
