from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import func, text, update

from sequencer.keys import SEQUENCE_KEYS
from sequencer.mail.messages.models import messages
from sequencer.mail.messages.rules import MESSAGE, OPEN, MessageState
from sequencer.mail.messages.schemas import Message, NewMessage
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

_SELECT = (
    f"select {', '.join(field.name for field in fields(Message))} from messages"
    " where workspace_id = :workspace_id"
)

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


async def insert_messages(uow: UnitOfWork, rows: Sequence[NewMessage]) -> None:
    await uow.run(_ADD, rows=to_json(rows).decode())


@dataclass(frozen=True, slots=True)
class HandledSteps:
    """Steps of an enrollment that have a row which stands, and when its last mail left."""

    enrollment_id: UUID
    steps: list[UUID]
    last_sent_at: datetime | None


_HANDLED = text(
    """
    select enrollment_id,
           coalesce(array_agg(step_id) filter (where superseded_at is null), '{}') as steps,
           max(sent_at) filter (where reason is distinct from 'hard_bounce') as last_sent_at
    from messages
    where workspace_id = :workspace_id and enrollment_id = any(:enrollment_ids)
    group by enrollment_id
    """
)


async def handled_steps(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> list[HandledSteps]:
    return await uow.rows(HandledSteps, _HANDLED, enrollment_ids=list(enrollment_ids))


_OPEN = text(
    f"{_SELECT} and enrollment_id = any(:enrollment_ids) and superseded_at is null"
    " and state = any(:open) order by id"
)


async def open_messages(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> list[Message]:
    return await uow.rows(Message, _OPEN, enrollment_ids=list(enrollment_ids), open=list(OPEN))


@dataclass(frozen=True, slots=True)
class SentStep:
    enrollment_id: UUID
    step_id: UUID


_SENT_STEPS = text(
    """
    select distinct enrollment_id, step_id from messages
    where workspace_id = :workspace_id and enrollment_id = any(:enrollment_ids)
      and superseded_at is null and state in ('sent', 'unknown', 'dispatching')
    """
)


async def sent_steps(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> list[SentStep]:
    return await uow.rows(SentStep, _SENT_STEPS, enrollment_ids=list(enrollment_ids))


_ONE = f"{_SELECT} and id = :message_id"
_READ_ONE, _LOCK_ONE = text(_ONE), text(f"{_ONE} for update")


async def message_by_id(uow: UnitOfWork, message_id: UUID, *, lock: bool = False) -> Message | None:
    return await uow.row(Message, _LOCK_ONE if lock else _READ_ONE, message_id=message_id)


_SOME = text(f"{_SELECT} and id = any(:ids) order by due_at, id")


async def messages_by_id(uow: UnitOfWork, ids: Collection[UUID]) -> list[Message]:
    return await uow.rows(Message, _SOME, ids=list(ids))


_QUOTED = text(
    f"{_SELECT} and internet_message_id = any(:ids)"
    " order by array_position(cast(:ids as text[]), internet_message_id) limit 1"
)


async def message_by_internet_id(
    uow: UnitOfWork, internet_message_ids: Sequence[str]
) -> Message | None:
    """The one named first."""
    return await uow.row(Message, _QUOTED, ids=list(internet_message_ids))


_LAST_TO = text(
    f"{_SELECT} and recipient = any(:addresses) and sent_at >= :since"
    " and superseded_at is null order by sent_at desc limit 1"
)


async def last_to(uow: UnitOfWork, addresses: Sequence[str], since: datetime) -> Message | None:
    return await uow.row(Message, _LAST_TO, addresses=list(addresses), since=since)


_LATELY_TO = text(
    f"{_SELECT} and recipient = any(:addresses) and bounced_at is null"
    " and superseded_at is null and coalesce(sent_at, due_at) >= :since"
    " and (sent_at is not null or state = 'unknown'"
    " or (state = 'dispatching' and phase = 'body_started'))"
    " order by coalesce(sent_at, due_at) desc, id desc limit 50"
)


async def lately_to(uow: UnitOfWork, addresses: Sequence[str], since: datetime) -> list[Message]:
    """The latest first, also those that may have left, for which the day they were due counts."""
    return await uow.rows(Message, _LATELY_TO, addresses=list(addresses), since=since)


_THREAD = text(
    """
    select internet_message_id from messages
    where workspace_id = :workspace_id and enrollment_id = :enrollment_id
      and contact_id = :contact_id and state = 'sent' and bounced_at is null
    order by sent_at
    """
)


async def thread(uow: UnitOfWork, enrollment_id: UUID, contact_id: UUID) -> list[str]:
    """Message-IDs that a later mail to this contact answers, oldest first."""
    return await uow.values(str, _THREAD, enrollment_id=enrollment_id, contact_id=contact_id)


_COUNT_SENT = text(
    """
    select count(*) from messages
    where workspace_id = :workspace_id and recipient = :address
      and ((sent_at >= :since and bounced_at is null) or state in ('dispatching', 'unknown'))
    """
)


async def sent_since(uow: UnitOfWork, address: str, since: datetime) -> int:
    """Mails to the address that left, or may have left."""
    return await uow.one_value(int, _COUNT_SENT, address=address, since=since)


_RAW = text(
    "select raw from message_contents"
    " where workspace_id = :workspace_id and message_id = :message_id"
)


async def raw_of(uow: UnitOfWork, message_id: UUID) -> bytes | None:
    return await uow.value(bytes, _RAW, message_id=message_id)


LISTED: Final = Listed(
    MESSAGE,
    "messages",
    messages,
    Message,
    newest_first=True,
    keys={"sequence_id": SEQUENCE_KEYS},
)


async def messages_page(uow: UnitOfWork, query: ListQuery, signer: CursorSigner) -> dict[str, Any]:
    """Raises `Invalid` for a faulty rule or order."""
    return await page(uow, LISTED, query, signer)


class MessageChanges(TypedDict, total=False):
    state: MessageState
    reason: str | None
    detail: str | None
    due_at: datetime
    retry_at: datetime | None
    bounced_at: datetime
    superseded_at: datetime
    held_at: datetime | None


async def change_message(
    uow: UnitOfWork, message_id: UUID, states: Collection[MessageState], changes: MessageChanges
) -> bool:
    """False when it is in none of `states`."""
    changed = (
        update(messages)
        .where(
            messages.c.workspace_id == uow.workspace_id,
            messages.c.id == message_id,
            messages.c.state.in_(states),
        )
        .values(**changes, updated_at=func.clock_timestamp())
    )
    return await uow.run(changed) > 0


_FIRST_WAIT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(minutes=1)
# Twice as long each time: what lies between the last look and the next is how long it was.
_WAIT_FOR_ACCOUNTS = text(
    """
    update messages
    set reason = 'waiting_for_accounts', detail = :detail, updated_at = clock_timestamp(),
        retry_at = clock_timestamp() + case
            when reason = 'waiting_for_accounts' and retry_at is not null
            then least(greatest(2 * (retry_at - updated_at), cast(:first as interval)),
                       cast(:longest as interval))
            else cast(:first as interval) end
    where workspace_id = :workspace_id and id = :id and state = 'scheduled'
    """
)


async def wait_for_accounts(uow: UnitOfWork, message_id: UUID, detail: str) -> None:
    """Accounts did not say what the mail is to say; it is asked again."""
    waits = {"first": _FIRST_WAIT, "longest": _LONGEST_WAIT}
    await uow.run(_WAIT_FOR_ACCOUNTS, id=message_id, detail=detail, **waits)


_RELEASE_HELD = text(
    """
    update messages
    set state = 'scheduled', reason = null, detail = null, retry_at = null,
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and state = 'held' and reason = :reason
      and (cast(:mailbox_id as uuid) is null or mailbox_id = :mailbox_id)
    """
)


async def release_held(uow: UnitOfWork, reason: str, mailbox_id: UUID | None) -> int:
    return await uow.run(_RELEASE_HELD, reason=reason, mailbox_id=mailbox_id)


# A check constraint guards what may be superseded.
_SUPERSEDE = """
    update messages
    set superseded_at = clock_timestamp(), updated_at = clock_timestamp()
    where workspace_id = :workspace_id and enrollment_id = :enrollment_id
      and superseded_at is null and {condition}
"""
_PLAN_SKIPPED_AGAIN = text(
    _SUPERSEDE.format(
        condition="state in ('skipped', 'expired') and reason is distinct from 'manual'"
    )
)
_PLAN_BOUNCED_AGAIN = text(
    _SUPERSEDE.format(condition="(state in ('failed', 'suppressed') or bounced_at is not null)")
)


async def plan_again_skipped(uow: UnitOfWork, enrollment_id: UUID) -> None:
    """After the date moved, steps that were passed over may lie ahead again."""
    await uow.run(_PLAN_SKIPPED_AGAIN, enrollment_id=enrollment_id)


async def plan_again_bounced(uow: UnitOfWork, enrollment_id: UUID) -> None:
    """A step whose mail reached nobody may be sent to someone else."""
    await uow.run(_PLAN_BOUNCED_AGAIN, enrollment_id=enrollment_id)


_UNDER_WAY = text(
    "select exists (select 1 from messages where workspace_id = :workspace_id"
    " and mailbox_id = :mailbox_id and state = 'dispatching')"
)


async def under_way_from(uow: UnitOfWork, mailbox_id: UUID) -> bool:
    return await uow.one_value(bool, _UNDER_WAY, mailbox_id=mailbox_id)


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """How many wait, by what for."""

    due_messages: int
    retrying_messages: int
    dispatching_messages: int
    unknown_messages: int


_COUNT_WAITING = text(
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
)


async def count_waiting(uow: UnitOfWork) -> dict[str, int]:
    return asdict(await uow.one(WaitingMessages, _COUNT_WAITING, now=await uow.now()))


_COUNT_HELD = text(
    "select count(*) from messages where workspace_id = :workspace_id and state = 'held'"
)


async def count_held(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_HELD)
