from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.calendars import queries
from accounts_api.identity.calendars.queries import KEYS
from accounts_api.identity.calendars.rows import Calendar
from accounts_api.identity.calendars.rules import FIELDS, definition_of, faults_of, in_order
from accounts_api.identity.calendars.schemas import CalendarIn, CalendarPatch, TimeAddition
from shared.business_time import add_time, closed_between, read_calendar
from shared.db import refuse
from shared.errors import Fault, InUse, Invalid, NotFound, check_version, invalid
from shared.events.accounts import CalendarChanged
from shared.ids import new_id
from shared.keys import KeyTaken
from shared.paging import CursorSigner, page_of
from shared.uow import UnitOfWork
from shared.usages import Usage
from shared.values.plain import EARLIEST, LATEST

__all__ = ["KEYS"]

_SHOWN_SKIPS: Final = 100
_COUNTING: Final = frozenset({"business_hours", "business_days"})


class CalendarNotFound(NotFound):
    code = "calendar_not_found"
    title = "There is no such calendar"


@dataclass(frozen=True, slots=True)
class CalendarHooks:
    on_default_change: Sequence[Callable[[UnitOfWork], Awaitable[None]]]
    """Called when what a business day is to the workspace has become something else."""
    users: Sequence[Callable[[UnitOfWork, UUID], Awaitable[Sequence[Usage]]]]
    """Who works by a calendar."""


def shown(calendar: Calendar) -> dict[str, Any]:
    return {
        **{name: getattr(calendar, name) for name in ("id", "key", "title", "time_zone")},
        "default": calendar.is_default,
        **in_order(calendar.definition),
        **{name: getattr(calendar, name) for name in ("version", "created_at", "updated_at")},
    }


async def list_calendars(
    uow: UnitOfWork, cursors: CursorSigner, cursor: str | None, limit: int
) -> dict[str, Any]:
    shape = ("calendars",)
    after = cursors.read(cursor, uow.workspace_id, shape) if cursor else None
    rows = await queries.calendars_page(
        uow, (after[0], UUID(after[1])) if after else None, limit + 1
    )
    return page_of(list(map(shown, rows)), limit, cursors, uow.workspace_id, shape, ("title", "id"))


async def get_calendar(uow: UnitOfWork, calendar_id: UUID, *, lock: bool = False) -> Calendar:
    """Raises `CalendarNotFound`."""
    found = await queries.calendar_by_id(uow, calendar_id, lock=lock)
    if found is None:
        raise CalendarNotFound("There is no calendar with this id.")
    return found


async def default_calendar(uow: UnitOfWork) -> Calendar:
    """Every workspace has one."""
    found = await queries.default_calendar(uow)
    if found is None:
        raise CalendarNotFound("This workspace has no default calendar.")
    return found


async def named_calendar(uow: UnitOfWork, named: str, pointer: str) -> UUID:
    """The id of what a body names by id or key. Raises `Invalid` at the pointer."""
    calendar_id = await KEYS.named(uow, named, pointer)
    if await queries.calendar_by_id(uow, calendar_id) is None:
        message = "There is no calendar with this id. Make one at /v1/calendars."
        raise invalid(pointer, "unknown_calendar", message)
    return calendar_id


async def create_calendar(uow: UnitOfWork, data: CalendarIn) -> Calendar:
    given = data.model_dump(mode="json")
    _must_make_sense(given, default=data.default)
    await queries.lock_calendars(uow)
    key = await KEYS.key_for(uow, data.key, data.title)
    ended = await _end_default(uow) if data.default else None
    made = await _insert(uow, key, data.title, data.time_zone, given, default=data.default)
    await _follow(uow, ended, changed=made.is_default)
    return made


async def make_default(uow: UnitOfWork) -> Calendar:
    """The calendar of a workspace that was just made: Monday to Friday, nine to five."""
    given = CalendarIn(title="Working days").model_dump(mode="json")
    return await _insert(uow, "default", given["title"], None, given, default=True)


async def _insert(
    uow: UnitOfWork,
    key: str,
    title: str,
    time_zone: str | None,
    given: Mapping[str, Any],
    *,
    default: bool,
) -> Calendar:
    values = {
        "id": new_id(),
        "key": key,
        "title": title,
        "time_zone": time_zone,
        "is_default": default,
        "definition": definition_of(given).model_dump(mode="json"),
    }
    async with refuse("uq_calendars_workspace_id_key", KeyTaken(f"{key!r} is taken.")):
        made = await queries.insert_calendar(uow, values)
    await audit_log.record(uow, "calendar.created", "calendar", made.id, after=_audited(made))
    uow.publish(_changed(made))
    return made


async def update_calendar(
    uow: UnitOfWork, calendar_id: UUID, data: CalendarPatch, version: int | None
) -> Calendar:
    await queries.lock_calendars(uow)
    before = await get_calendar(uow, calendar_id, lock=True)
    check_version(version, before.version)
    changes = data.model_dump(mode="json", exclude_unset=True)
    known = before.days.model_dump(mode="json")
    given = {**known, **{name: changes[name] for name in FIELDS if name in changes}}
    if "working_hours" in changes:
        given["working_hours"] = {**known["working_hours"], **changes["working_hours"]}
    default = changes.get("default", before.is_default)
    time_zone = changes.get("time_zone", before.time_zone)
    _must_make_sense({**given, "time_zone": time_zone}, default=default)
    if before.is_default and not default:
        message = "A workspace has a default calendar: make another one the default instead."
        raise invalid("/default", "default_needed", message)
    wanted = {
        "title": changes.get("title", before.title),
        "time_zone": time_zone,
        "is_default": default,
        "definition": definition_of(given).model_dump(mode="json"),
    }
    was, becomes = audit_log.difference(_audited(before), wanted)
    if not becomes:
        return before
    ended = await _end_default(uow) if "is_default" in becomes else None
    changed = await queries.change_calendar(uow, calendar_id, becomes)
    await _tell(uow, changed, "calendar.updated", was, becomes)
    counts = bool(becomes.keys() & {"is_default", "definition"})
    await _follow(uow, ended, changed=changed.is_default and counts)
    return changed


async def rename_calendar(uow: UnitOfWork, calendar_id: UUID, key: str) -> Calendar:
    """The key before leads to it for ninety days more."""
    await queries.lock_calendars(uow)
    before = await get_calendar(uow, calendar_id, lock=True)
    if key == before.key:
        return before
    await KEYS.rename(uow, calendar_id, before.key, key)
    async with refuse("uq_calendars_workspace_id_key", KeyTaken(f"{key!r} is taken.")):
        changed = await queries.change_calendar(uow, calendar_id, {"key": key})
    await _tell(uow, changed, "calendar.renamed", {"key": before.key}, {"key": key})
    return changed


async def delete_calendar(uow: UnitOfWork, calendar_id: UUID, version: int | None) -> None:
    """Raises `InUse` with who works by it."""
    await queries.lock_calendars(uow)
    calendar = await get_calendar(uow, calendar_id, lock=True)
    check_version(version, calendar.version)
    usages = await usages_of(uow, calendar)
    if usages:
        advice = "Give them another calendar first; `null` is the default of the workspace."
        raise InUse(advice, usages=to_jsonable_python(usages))
    await queries.delete_calendar(uow, calendar_id)
    await audit_log.record(
        uow, "calendar.deleted", "calendar", calendar_id, before=_audited(calendar)
    )
    uow.publish(_changed(calendar, deleted=True))


async def usages_of(uow: UnitOfWork, calendar: Calendar) -> list[Usage]:
    """The workspace, of its default; and whoever works by it."""
    usages = []
    if calendar.is_default:
        usages.append(Usage("workspace", str(uow.workspace_id), "The default of the workspace"))
    for users in uow.wired(CalendarHooks).users:
        usages += await users(uow, calendar.id)
    return usages


async def add_to(uow: UnitOfWork, calendar_id: UUID, data: TimeAddition) -> dict[str, Any]:
    """Where the time leads, and what was not counted on the way."""
    calendar = await get_calendar(uow, calendar_id)
    named = calendar.time_zone or data.time_zone
    zone = ZoneInfo(named) if named is not None else await uow.zone()
    days = read_calendar(calendar.days.model_dump_json(), zone)
    try:
        at = add_time(data.start, data.amount, data.unit, days)
    except (ValueError, OverflowError):
        at = LATEST
    if not EARLIEST <= at < LATEST:
        message = "That leads beyond the years 1900 to 2200. Add less."
        raise invalid("/amount", "beyond_calendar", message)
    closed = closed_between(data.start, at, days) if data.unit in _COUNTING else iter(())
    skipped = list(islice(closed, _SHOWN_SKIPS + 1))
    return {
        "at": at,
        "local": at.astimezone(zone).isoformat(),
        "time_zone": zone.key,
        "skipped_days": [
            {"date": day, "reason": reason, "title": title}
            for day, reason, title in skipped[:_SHOWN_SKIPS]
        ],
        "more_skipped_days": len(skipped) > _SHOWN_SKIPS,
    }


def _must_make_sense(given: Mapping[str, Any], *, default: bool) -> None:
    faults = faults_of(given)
    if default and given["time_zone"] is not None:
        message = "The default calendar is in the workspace's zone: send null, or change that one."
        faults.append(Fault("/time_zone", "zone_of_workspace", message))
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def _end_default(uow: UnitOfWork) -> Calendar | None:
    """There is one at a time. Others hear of it after the one that comes in its place, so that they
    never know of none.
    """
    before = await queries.default_calendar(uow)
    if before is None:
        return None
    was, becomes = {"is_default": True}, {"is_default": False}
    ended = await queries.change_calendar(uow, before.id, becomes)
    await audit_log.record(uow, "calendar.updated", "calendar", ended.id, before=was, after=becomes)
    return ended


async def _tell(
    uow: UnitOfWork,
    changed: Calendar,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    await audit_log.record(uow, action, "calendar", changed.id, before=before, after=after)
    uow.publish(_changed(changed))


async def _follow(uow: UnitOfWork, ended: Calendar | None, *, changed: bool) -> None:
    if ended is not None:
        uow.publish(_changed(ended))
    if changed:
        for follow in uow.wired(CalendarHooks).on_default_change:
            await follow(uow)


def _audited(calendar: Calendar) -> dict[str, Any]:
    names = ("key", "title", "time_zone", "is_default", "definition")
    return {name: getattr(calendar, name) for name in names}


def _changed(calendar: Calendar, *, deleted: bool = False) -> CalendarChanged:
    return CalendarChanged(
        id=calendar.id,
        key=calendar.key,
        title=calendar.title,
        time_zone=calendar.time_zone,
        default=calendar.is_default,
        definition=calendar.days,
        deleted=deleted,
        version=calendar.version + deleted,
    )
