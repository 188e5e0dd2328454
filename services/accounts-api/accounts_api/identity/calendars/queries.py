from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, text, tuple_, update

from accounts_api.identity.calendars.models import calendars
from accounts_api.identity.calendars.rows import Calendar
from shared.data import WORKSPACE
from shared.keys import Keys
from shared.uow import UnitOfWork

KEYS: Final = Keys("calendar", "calendars")

_OF_WORKSPACE = select(calendars).where(calendars.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(calendars.c.id == bindparam("calendar_id"))
_DEFAULT = _OF_WORKSPACE.where(calendars.c.is_default)
_LOCK = text("select 1 from workspaces where workspace_id = :workspace_id for no key update")


async def lock_calendars(uow: UnitOfWork) -> None:
    """One change of calendars, and of who works by them, at a time."""
    await uow.run(_LOCK)


async def calendar_by_id(
    uow: UnitOfWork, calendar_id: UUID, *, lock: bool = False
) -> Calendar | None:
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    return await uow.row(Calendar, statement, calendar_id=calendar_id)


async def default_calendar(uow: UnitOfWork) -> Calendar | None:
    return await uow.row(Calendar, _DEFAULT)


async def calendars_page(
    uow: UnitOfWork, after: tuple[str, UUID] | None, limit: int
) -> list[Calendar]:
    page = _OF_WORKSPACE
    if after is not None:
        page = page.where(tuple_(calendars.c.title, calendars.c.id) > tuple_(*after))
    page = page.order_by(calendars.c.title, calendars.c.id).limit(limit)
    return await uow.rows(Calendar, page)


async def insert_calendar(uow: UnitOfWork, values: Mapping[str, object]) -> Calendar:
    return await uow.one(Calendar, insert(calendars).values(**values).returning(calendars))


async def change_calendar(
    uow: UnitOfWork, calendar_id: UUID, values: Mapping[str, object]
) -> Calendar:
    changed = (
        update(calendars)
        .where(calendars.c.workspace_id == uow.workspace_id, calendars.c.id == calendar_id)
        .values(**values, version=calendars.c.version + 1, updated_at=func.clock_timestamp())
        .returning(calendars)
    )
    return await uow.one(Calendar, changed)


_DELETE = delete(calendars).where(
    calendars.c.workspace_id == WORKSPACE, calendars.c.id == bindparam("calendar_id")
)


async def delete_calendar(uow: UnitOfWork, calendar_id: UUID) -> None:
    await uow.run(_DELETE, calendar_id=calendar_id)
