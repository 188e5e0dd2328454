from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.sequences.enrollments.schemas import Enrollment, TimelineEntry

_COLUMNS = (
    "id, sequence_id, sequence_version, opportunity_id, account_id, contact_id, entry, state,"
    " pause_reason, exit_reason, floor_on, anchor_on, next_step_id, next_due_at, entered_at,"
    " exited_at, version, created_at, updated_at"
)
_SELECT = f"select {_COLUMNS} from enrollments where workspace_id = :workspace_id"

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
_DUE = f"""
    {_SELECT} and state = 'active' and next_due_at <= :now
    order by next_due_at limit :limit
    for update skip locked
"""
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
_TELL = text(
    """
    insert into enrollment_entries (workspace_id, id, enrollment_id, kind, detail, at)
    select :workspace_id, l.id, l.enrollment_id, l.kind, l.detail, l.at
    from jsonb_to_recordset(cast(:rows as jsonb)) as l(
        id uuid, enrollment_id uuid, kind text, detail jsonb, at timestamptz)
    """
)


async def start(
    session: AsyncSession, workspace_id: UUID, row: dict[str, Any]
) -> Enrollment | None:
    """None when the record is in this sequence already: the database decides."""
    found = await session.execute(_START, {"workspace_id": workspace_id, **row})
    made = found.mappings().one_or_none()
    return Enrollment(**made) if made else None


async def workspaces_with_due_enrollments(session: AsyncSession, limit: int) -> list[UUID]:
    return list(await session.scalars(_WORKSPACES_DUE, {"limit": limit}))


async def due_enrollments(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> list[Enrollment]:
    """Locked; those that someone else is changing are left for the next time."""
    return await _enrollments(
        session, _DUE, {"workspace_id": workspace_id, "now": now, "limit": limit}
    )


async def enrollment_by_id(
    session: AsyncSession, workspace_id: UUID, enrollment_id: UUID, *, lock: bool = False
) -> Enrollment | None:
    found = await _enrollments(
        session,
        f"{_SELECT} and id = :id{' for update' if lock else ''}",
        {"workspace_id": workspace_id, "id": enrollment_id},
    )
    return found[0] if found else None


async def share(
    session: AsyncSession, workspace_id: UUID, ids: Collection[UUID]
) -> dict[UUID, Enrollment]:
    found = await _enrollments(
        session,
        f"{_SELECT} and id = any(:ids) order by id for share skip locked",
        {"workspace_id": workspace_id, "ids": list(ids)},
    )
    return {one.id: one for one in found}


async def open_of_opportunities(
    session: AsyncSession, workspace_id: UUID, opportunity_ids: Collection[UUID]
) -> list[Enrollment]:
    """Locked for a change, without waiting."""
    return await _enrollments(
        session,
        f"{_SELECT} and opportunity_id = any(:opportunity_ids) and state <> 'exited'"
        " order by id for update skip locked",
        {"workspace_id": workspace_id, "opportunity_ids": list(opportunity_ids)},
    )


async def all_of_opportunities(
    session: AsyncSession, workspace_id: UUID, opportunity_ids: Collection[UUID]
) -> list[Enrollment]:
    """Oldest first."""
    return await _enrollments(
        session,
        f"{_SELECT} and opportunity_id = any(:opportunity_ids) order by id",
        {"workspace_id": workspace_id, "opportunity_ids": list(opportunity_ids)},
    )


async def open_where(
    session: AsyncSession, workspace_id: UUID, column: str, value: UUID
) -> list[Enrollment]:
    """Open ones by one of our columns, locked in the order of their ids."""
    return await _enrollments(
        session,
        f"{_SELECT} and {column} = :value and state <> 'exited' order by id for update",
        {"workspace_id": workspace_id, "value": value},
    )


async def opportunities_of_sequence(
    session: AsyncSession, workspace_id: UUID, sequence_id: UUID
) -> list[UUID]:
    found = await session.scalars(
        text(
            "select opportunity_id from enrollments where workspace_id = :workspace_id"
            " and sequence_id = :sequence_id and state <> 'exited'"
        ),
        {"workspace_id": workspace_id, "sequence_id": sequence_id},
    )
    return list(found)


async def write_plans(
    session: AsyncSession, workspace_id: UUID, rows: Sequence[dict[str, Any]]
) -> None:
    await session.execute(_PLAN, {"workspace_id": workspace_id, "rows": to_json(rows).decode()})


async def set_fields(
    session: AsyncSession, workspace_id: UUID, enrollment_id: UUID, changes: dict[str, Any]
) -> Enrollment:
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    rows = await session.execute(
        text(
            f"""
            update enrollments
            set {assignments}, version = version + 1, updated_at = clock_timestamp()
            where workspace_id = :workspace_id and id = :id
            returning {_COLUMNS}
            """
        ),
        {"workspace_id": workspace_id, "id": enrollment_id, **changes},
    )
    return Enrollment(**rows.mappings().one())


async def add_to_timeline(
    session: AsyncSession, workspace_id: UUID, lines: Sequence[TimelineEntry]
) -> None:
    await session.execute(_TELL, {"workspace_id": workspace_id, "rows": to_json(lines).decode()})


async def timeline(
    session: AsyncSession, workspace_id: UUID, enrollment_id: UUID
) -> list[TimelineEntry]:
    rows = await session.execute(
        text(
            "select id, enrollment_id, kind, detail, at from enrollment_entries"
            " where workspace_id = :workspace_id and enrollment_id = :enrollment_id"
            " order by at, id limit 1000"
        ),
        {"workspace_id": workspace_id, "enrollment_id": enrollment_id},
    )
    return [TimelineEntry(**row) for row in rows.mappings()]


async def enrollments_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    filters: dict[str, Any],
    after_id: UUID | None,
    limit: int,
) -> list[Enrollment]:
    """Newest first. `filters` holds column names of ours and values."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    narrower = "".join(f" and {name} = :{name}" for name in wanted)
    after = " and id < :after_id" if after_id is not None else ""
    return await _enrollments(
        session,
        f"{_SELECT}{narrower}{after} order by id desc limit :limit",
        {
            "workspace_id": workspace_id,
            "limit": limit + 1,
            **wanted,
            **({"after_id": after_id} if after_id is not None else {}),
        },
    )


async def count_due(session: AsyncSession, workspace_id: UUID, now: datetime) -> int:
    found = await session.execute(
        text(
            "select count(*) from enrollments where workspace_id = :workspace_id"
            " and state = 'active' and next_due_at <= :now"
        ),
        {"workspace_id": workspace_id, "now": now},
    )
    return int(found.scalar_one())


async def _enrollments(
    session: AsyncSession, statement: str, values: dict[str, Any]
) -> list[Enrollment]:
    rows = await session.execute(text(statement), values)
    return [Enrollment(**row) for row in rows.mappings()]
