from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import func, text, update

from sequencer.sequences.enrollments.models import enrollments
from sequencer.sequences.enrollments.rules import (
    EnrollmentExitReason,
    EnrollmentPauseReason,
    EnrollmentState,
)
from sequencer.sequences.enrollments.schemas import Enrollment, TimelineEntry
from shared.data import Transaction
from shared.events.sequences import EnrollmentEntry
from shared.uow import UnitOfWork

_NAMES = tuple(field.name for field in fields(Enrollment))
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"select {_COLUMNS} from enrollments where workspace_id = :workspace_id"


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    id: UUID
    sequence_id: UUID
    sequence_version: int
    opportunity_id: UUID
    account_id: UUID
    contact_id: UUID
    entry: EnrollmentEntry
    floor_on: date | None
    anchor_on: date
    entered_at: datetime


_START = text(
    f"""
    insert into enrollments
        (workspace_id, id, sequence_id, sequence_version, opportunity_id, account_id, contact_id,
         entry, state, floor_on, anchor_on, entered_at)
    values (:workspace_id, :id, :sequence_id, :sequence_version, :opportunity_id, :account_id,
            :contact_id, :entry, 'active', :floor_on, :anchor_on, :entered_at)
    on conflict (workspace_id, sequence_id, opportunity_id) where state <> 'exited' do nothing
    returning {_COLUMNS}
    """
)


async def insert_enrollment(uow: UnitOfWork, new: NewEnrollment) -> Enrollment | None:
    """None when the opportunity is in this sequence already: the database decides."""
    return await uow.row(Enrollment, _START, **asdict(new))


# A limit in the lateral part makes PostgreSQL look into the index once per workspace, so the cost
# follows what is due and not how many are enrolled; and no workspace can crowd out the others. The
# time is computed apart: behind row-level security an index is searched with plain values only.
_WORKSPACES_DUE = text(
    """
    with places as materialized (
        select workspace_id, coalesce(frozen_at, clock_timestamp()) as now from workspaces)
    select w.workspace_id
    from places w
    cross join lateral (
        select e.next_due_at from enrollments e
        where e.workspace_id = w.workspace_id and e.state = 'active'
          and e.next_due_at <= w.now
        order by e.next_due_at limit 1
    ) due
    order by due.next_due_at
    limit :limit
    """
)


async def workspaces_with_due_enrollments(scope: Transaction, limit: int) -> list[UUID]:
    return await scope.values(UUID, _WORKSPACES_DUE, limit=limit)


_DUE = text(
    f"""
    {_SELECT} and state = 'active' and next_due_at <= :now
    order by next_due_at limit :limit
    for update skip locked
    """
)


async def due_enrollments(uow: UnitOfWork, limit: int) -> list[Enrollment]:
    """Locked; those that someone else is changing are left for the next time."""
    return await uow.rows(Enrollment, _DUE, now=await uow.now(), limit=limit)


_COUNT_DUE = text(
    "select count(*) from enrollments where workspace_id = :workspace_id"
    " and state = 'active' and next_due_at <= :now"
)


async def count_due(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_DUE, now=await uow.now())


_UNDER_WAY = text(
    "select distinct opportunity_id from enrollments"
    " where workspace_id = :workspace_id and state <> 'exited'"
)


async def opportunities_under_way(uow: UnitOfWork) -> list[UUID]:
    return await uow.values(UUID, _UNDER_WAY)


_ONE = f"{_SELECT} and id = :enrollment_id"
_READ_ONE, _LOCK_ONE = text(_ONE), text(f"{_ONE} for update")


async def enrollment_by_id(
    uow: UnitOfWork, enrollment_id: UUID, *, lock: bool = False
) -> Enrollment | None:
    statement = _LOCK_ONE if lock else _READ_ONE
    return await uow.row(Enrollment, statement, enrollment_id=enrollment_id)


_SHARE = text(f"{_SELECT} and id = any(:ids) order by id for share skip locked")


async def share(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Enrollment]:
    """Kept as they are until the transaction ends; those being changed right now are left out."""
    return {each.id: each for each in await uow.rows(Enrollment, _SHARE, ids=list(ids))}


_OPEN_OF_OPPORTUNITIES = text(
    f"{_SELECT} and opportunity_id = any(:ids) and state <> 'exited'"
    " order by id for update skip locked"
)


async def open_of_opportunities(
    uow: UnitOfWork, opportunity_ids: Collection[UUID]
) -> list[Enrollment]:
    """Locked; one that someone else is changing is left out."""
    return await uow.rows(Enrollment, _OPEN_OF_OPPORTUNITIES, ids=list(opportunity_ids))


_ALL_OF_OPPORTUNITIES = text(f"{_SELECT} and opportunity_id = any(:ids) order by id")


async def all_of_opportunities(
    uow: UnitOfWork, opportunity_ids: Collection[UUID]
) -> list[Enrollment]:
    """Oldest first."""
    return await uow.rows(Enrollment, _ALL_OF_OPPORTUNITIES, ids=list(opportunity_ids))


_OPEN_OF_ACCOUNT = text(
    f"{_SELECT} and account_id = :account_id and state <> 'exited' order by id for update"
)


async def open_of_account(uow: UnitOfWork, account_id: UUID) -> list[Enrollment]:
    """Locked in the order of their ids."""
    return await uow.rows(Enrollment, _OPEN_OF_ACCOUNT, account_id=account_id)


_OPEN_OF_CONTACT = text(
    f"{_SELECT} and contact_id = :contact_id and state <> 'exited' order by id for update"
)


async def open_of_contact(uow: UnitOfWork, contact_id: UUID) -> list[Enrollment]:
    """Locked in the order of their ids."""
    return await uow.rows(Enrollment, _OPEN_OF_CONTACT, contact_id=contact_id)


_OF_SEQUENCE = text(
    "select opportunity_id from enrollments where workspace_id = :workspace_id"
    " and sequence_id = :sequence_id and state <> 'exited'"
)


async def opportunities_of_sequence(uow: UnitOfWork, sequence_id: UUID) -> list[UUID]:
    return await uow.values(UUID, _OF_SEQUENCE, sequence_id=sequence_id)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What planning found out about an enrollment. What is None of the last three stays."""

    id: UUID
    next_step_id: UUID | None
    next_due_at: datetime | None
    anchor_on: date | None
    state: EnrollmentState | None = None
    exit_reason: EnrollmentExitReason | None = None
    exited_at: datetime | None = None


_PLAN = text(
    """
    update enrollments e
    set next_step_id = p.next_step_id, next_due_at = p.next_due_at, anchor_on = p.anchor_on,
        state = coalesce(p.state, e.state), exit_reason = coalesce(p.exit_reason, e.exit_reason),
        exited_at = coalesce(p.exited_at, e.exited_at), version = e.version + 1,
        updated_at = clock_timestamp()
    from jsonb_to_recordset(cast(:rows as jsonb)) as p(
        id uuid, next_step_id uuid, next_due_at timestamptz, anchor_on date, state text,
        exit_reason text, exited_at timestamptz)
    where e.workspace_id = :workspace_id and e.id = p.id
    """
)


async def write_plans(uow: UnitOfWork, plans: Sequence[NextStep]) -> None:
    await uow.run(_PLAN, rows=to_json(plans).decode())


class EnrollmentChanges(TypedDict, total=False):
    account_id: UUID
    contact_id: UUID
    state: EnrollmentState
    pause_reason: EnrollmentPauseReason | None
    exit_reason: EnrollmentExitReason | None
    next_step_id: UUID | None
    next_due_at: datetime | None
    exited_at: datetime | None


async def change_enrollment(
    uow: UnitOfWork, enrollment_id: UUID, changes: EnrollmentChanges
) -> Enrollment:
    columns = enrollments.c
    changed = (
        update(enrollments)
        .where(columns.workspace_id == uow.workspace_id, columns.id == enrollment_id)
        .values(**changes, version=columns.version + 1, updated_at=func.clock_timestamp())
        .returning(*(columns[name] for name in _NAMES))
    )
    return await uow.one(Enrollment, changed)


_INSERT_TIMELINE = text(
    """
    insert into enrollment_entries (workspace_id, id, enrollment_id, kind, detail, at)
    select :workspace_id, l.id, l.enrollment_id, l.kind, l.detail, l.at
    from jsonb_to_recordset(cast(:rows as jsonb)) as l(
        id uuid, enrollment_id uuid, kind text, detail jsonb, at timestamptz)
    """
)


async def insert_timeline(uow: UnitOfWork, lines: Sequence[TimelineEntry]) -> None:
    await uow.run(_INSERT_TIMELINE, rows=to_json(lines).decode())


_TIMELINE = text(
    "select id, enrollment_id, kind, detail, at from enrollment_entries"
    " where workspace_id = :workspace_id and enrollment_id = :enrollment_id"
    " order by at, id limit 1000"
)


async def timeline(uow: UnitOfWork, enrollment_id: UUID) -> list[TimelineEntry]:
    return await uow.rows(TimelineEntry, _TIMELINE, enrollment_id=enrollment_id)
