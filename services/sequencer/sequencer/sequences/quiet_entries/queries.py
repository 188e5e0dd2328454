from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from sequencer.sequences.quiet_entries.rows import QuietBatch, QuietEntry, QuietEntryStatus
from shared.events.base import Cause
from shared.events.sequences import EnrollmentEntry
from shared.ids import new_id
from shared.uow import UnitOfWork

_ENTRY = ", ".join(field.name for field in fields(QuietEntry))
_BATCH = ", ".join(field.name for field in fields(QuietBatch))

_OPEN = text(
    """
    insert into quiet_batches as b (workspace_id, id, title, cause, opened_at, written_at)
    values (:workspace_id, :id, :title, cast(:cause as jsonb), :at, :at)
    on conflict (workspace_id, id) do update
    set written_at = greatest(b.written_at, excluded.written_at),
        title = case when :announced then excluded.title else b.title end,
        cause = case when :announced then excluded.cause else b.cause end
    """
)


async def open_batch(
    uow: UnitOfWork,
    batch_id: UUID,
    title: str,
    cause: Sequence[Cause],
    at: datetime,
    *,
    announced: bool,
) -> None:
    """A repeated call says that the batch was written to again. `announced`: by who writes it, who
    knows best what it is called and where it comes from.
    """
    stored = to_json(cause, exclude_none=True).decode()
    said = {"title": title, "cause": stored, "announced": announced}
    await uow.run(_OPEN, id=batch_id, at=at, **said)


_HOLD = text(
    """
    insert into quiet_entries
        (workspace_id, id, batch_id, sequence_id, opportunity_id, entry, status, held_at)
    values (:workspace_id, :id, :batch_id, :sequence_id, :opportunity_id, :entry, 'held', :at)
    on conflict (workspace_id, opportunity_id, sequence_id)
        where status in ('held', 'released') do nothing
    """
)


async def hold(
    uow: UnitOfWork,
    batch_id: UUID,
    sequence_id: UUID,
    opportunity_id: UUID,
    entry: EnrollmentEntry,
    at: datetime,
) -> None:
    of = {"batch_id": batch_id, "sequence_id": sequence_id, "opportunity_id": opportunity_id}
    await uow.run(_HOLD, id=new_id(), entry=entry, at=at, **of)


_STANDING = text(
    f"""
    select {_ENTRY} from quiet_entries
    where workspace_id = :workspace_id and opportunity_id = any(:ids)
      and status in ('held', 'released')
    """
)


async def standing(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> list[QuietEntry]:
    """What stands between these opportunities and sequences."""
    return await uow.rows(QuietEntry, _STANDING, ids=list(opportunity_ids))


_DECIDE = text(
    """
    update quiet_entries set status = :status, detail = :detail, decided_at = :at
    where workspace_id = :workspace_id and id = :id and status in ('held', 'released')
    """
)


async def decide(
    uow: UnitOfWork,
    entry_id: UUID,
    status: QuietEntryStatus,
    detail: str | None,
    at: datetime,
) -> None:
    await uow.run(_DECIDE, id=entry_id, status=status, detail=detail, at=at)


_ONE_BATCH = text(
    f"select {_BATCH} from quiet_batches where workspace_id = :workspace_id and id = :id"
)


async def batch_by_id(uow: UnitOfWork, batch_id: UUID) -> QuietBatch | None:
    return await uow.row(QuietBatch, _ONE_BATCH, id=batch_id)


_BATCHES = text(
    f"""
    select {_BATCH} from quiet_batches
    where workspace_id = :workspace_id
      and (cast(:before as timestamptz) is null or (opened_at, id) < (:before, :before_id))
    order by opened_at desc, id desc
    limit :limit
    """
)


async def batches_page(
    uow: UnitOfWork, before: tuple[datetime, UUID] | None, limit: int
) -> list[QuietBatch]:
    at, batch_id = before or (None, None)
    return await uow.rows(QuietBatch, _BATCHES, before=at, before_id=batch_id, limit=limit)


@dataclass(frozen=True, slots=True)
class Count:
    batch_id: UUID
    sequence_id: UUID
    title: str
    status: QuietEntryStatus
    entries: int


_COUNTS = text(
    """
    select e.batch_id, e.sequence_id, s.title, e.status, count(*) as entries
    from quiet_entries e
    join sequences s on s.workspace_id = :workspace_id and s.id = e.sequence_id
    where e.workspace_id = :workspace_id and e.batch_id = any(:ids)
    group by e.batch_id, e.sequence_id, s.title, e.status
    order by s.title, e.sequence_id
    """
)


async def counts(uow: UnitOfWork, batch_ids: Collection[UUID]) -> list[Count]:
    return await uow.rows(Count, _COUNTS, ids=list(batch_ids))


_ENTRIES = text(
    f"""
    select {_ENTRY} from quiet_entries
    where workspace_id = :workspace_id and batch_id = :batch_id
      and (cast(:status as text) is null or status = :status)
      and (cast(:sequence_id as uuid) is null or sequence_id = :sequence_id)
      and (cast(:after_id as uuid) is null or id > :after_id)
    order by id
    limit :limit
    """
)


async def entries_page(
    uow: UnitOfWork,
    batch_id: UUID,
    *,
    status: QuietEntryStatus | None,
    sequence_id: UUID | None,
    after_id: UUID | None,
    limit: int,
) -> list[QuietEntry]:
    """In the order in which they were held."""
    narrowed = {"batch_id": batch_id, "status": status, "sequence_id": sequence_id}
    return await uow.rows(QuietEntry, _ENTRIES, after_id=after_id, limit=limit, **narrowed)


_SUBJECTS = text(
    """
    select sequence_id from quiet_entries
    where workspace_id = :workspace_id and batch_id = :batch_id
      and sequence_id = any(:sequence_ids)
    union
    select opportunity_id from quiet_entries
    where workspace_id = :workspace_id and batch_id = :batch_id
      and opportunity_id = any(:opportunity_ids)
    """
)


async def subjects(
    uow: UnitOfWork,
    batch_id: UUID,
    sequence_ids: Collection[UUID],
    opportunity_ids: Collection[UUID],
) -> set[UUID]:
    """Of these sequences and opportunities, those of which a batch has an entry."""
    named = {"sequence_ids": list(sequence_ids), "opportunity_ids": list(opportunity_ids)}
    return set(await uow.values(UUID, _SUBJECTS, batch_id=batch_id, **named))


# Whoever asks twice at once releases each entry once: the second waits and finds it released.
_RELEASE = text(
    """
    with chosen as (
        select id, row_number() over (order by id) - 1 as place from quiet_entries
        where workspace_id = :workspace_id and batch_id = :batch_id and status = 'held'
          and (cast(:sequence_ids as uuid[]) is null or sequence_id = any(:sequence_ids))
          and (cast(:opportunity_ids as uuid[]) is null or opportunity_id = any(:opportunity_ids))
    )
    update quiet_entries e
    set status = 'released',
        due_at = cast(:at as timestamptz)
            + make_interval(mins => cast(c.place / :per_minute as int))
    from chosen c
    where e.workspace_id = :workspace_id and e.id = c.id and e.status = 'held'
    returning e.opportunity_id, e.due_at
    """
)


@dataclass(frozen=True, slots=True)
class Released:
    opportunity_id: UUID
    due_at: datetime


async def release(
    uow: UnitOfWork,
    batch_id: UUID,
    *,
    sequence_ids: Collection[UUID] | None,
    opportunity_ids: Collection[UUID] | None,
    per_minute: int,
    at: datetime,
) -> list[Released]:
    """Those held of a batch get their turns, so many in each minute."""
    narrowed = {
        "sequence_ids": None if sequence_ids is None else list(sequence_ids),
        "opportunity_ids": None if opportunity_ids is None else list(opportunity_ids),
    }
    return await uow.rows(
        Released, _RELEASE, batch_id=batch_id, per_minute=per_minute, at=at, **narrowed
    )
