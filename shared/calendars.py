"""The calendar that somebody works by, in every service: the accounts service has the calendars,
the others have copies.
"""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, Column, Integer, MetaData, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from shared.business_time import BusinessCalendar, read_calendar
from shared.columns import workspace_key
from shared.events.accounts import CalendarChanged
from shared.uow import UnitOfWork


def calendar_copies(metadata: MetaData) -> Table:
    return Table(
        "calendars",
        metadata,
        workspace_key(),
        Column("id", Uuid, nullable=False),
        Column("time_zone", Text, comment="null: that of whoever works by it"),
        Column("is_default", Boolean, nullable=False),
        Column("definition", JSONB, nullable=False),
        Column("version", Integer, nullable=False),
        PrimaryKeyConstraint("workspace_id", "id"),
    )


_COPY = sql(
    """
    insert into calendars (workspace_id, id, time_zone, is_default, definition, version)
    values (:workspace_id, :id, :time_zone, :is_default, cast(:definition as jsonb), :version)
    on conflict (workspace_id, id) do update
    set time_zone = excluded.time_zone, is_default = excluded.is_default,
        definition = excluded.definition, version = excluded.version
    where calendars.version < excluded.version
    """
)
_END_DEFAULT = sql(
    "update calendars set is_default = false"
    " where workspace_id = :workspace_id and is_default and id <> :id"
)


_FORGET = sql("delete from calendars where workspace_id = :workspace_id and id = :id")


async def copy_calendar(uow: UnitOfWork, event: CalendarChanged) -> bool:
    """False when our copy is as new already, as after a replay."""
    if event.deleted:
        return await uow.run(_FORGET, id=event.id) > 0
    copied = await uow.run(
        _COPY,
        id=event.id,
        time_zone=event.time_zone,
        is_default=event.default,
        definition=event.definition.model_dump_json(),
        version=event.version,
    )
    if copied and event.default:
        await uow.run(_END_DEFAULT, id=event.id)
    return copied > 0


@dataclass(frozen=True, slots=True)
class _Definition:
    definition: str
    time_zone: str | None


_BY_ID_ELSE_DEFAULT = sql(
    """
    select definition::text as definition, time_zone from calendars
    where workspace_id = :workspace_id
      and (is_default or id = cast(:calendar_id as uuid))
    order by id is not distinct from cast(:calendar_id as uuid) desc
    limit 1
    """
)


async def calendar_of(
    uow: UnitOfWork, calendar_id: UUID | None, zone: ZoneInfo
) -> BusinessCalendar:
    """The calendar with this id, else the workspace's default; in `zone` unless it has its own.
    Before the first was heard of, that of a new workspace.
    """
    found = await uow.row(_Definition, _BY_ID_ELSE_DEFAULT, calendar_id=calendar_id)
    if found is None:
        return BusinessCalendar(zone)
    return stored_calendar(found.definition, found.time_zone, zone)


def stored_calendar(definition: str, time_zone: str | None, zone: ZoneInfo) -> BusinessCalendar:
    return read_calendar(definition, ZoneInfo(time_zone) if time_zone is not None else zone)
