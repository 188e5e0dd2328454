from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.business_time import BusinessCalendar
from shared.calendars import calendar_of
from shared.events.accounts import AccountChanged, MemberChanged
from shared.uow import UnitOfWork
from tasks_api.replica import queries
from tasks_api.replica.queries import WorkPlace

ACCOUNT: Final = "account"
IGNORED: Final = "ignored"
"""The lifecycle status of an account that is in no list, nor what is about it."""


async def copy_member(uow: UnitOfWork, event: MemberChanged) -> None:
    await queries.store_member(
        uow,
        {
            "id": event.id,
            "full_name": event.full_name,
            "email": event.email,
            "role": event.role,
            "time_zone": event.time_zone,
            "active": event.active,
            "calendar_id": event.calendar_id,
            "version": event.version,
        },
    )


async def copy_account(uow: UnitOfWork, event: AccountChanged) -> bool:
    """False when a newer version of the account is known."""
    record = event.record.model_dump(mode="json")
    return await queries.store_account(
        uow,
        {
            "id": event.id,
            "name": record["name"],
            "key_roles": record["key_roles"],
            "deleted": event.change in {"deleted", "merged"},
            "ignored": record["lifecycle_status"] == IGNORED,
            "version": event.revision,
        },
    )


def accounts_of(about: Mapping[str, Any]) -> set[UUID]:
    """Those that a task or a note names."""
    subject = about.get("subject_id") if about.get("subject_type") == ACCOUNT else None
    return {id_ for id_ in (about.get("account_id"), subject) if id_ is not None}


async def ignored_among(uow: UnitOfWork, account_ids: Collection[UUID]) -> frozenset[UUID]:
    return await queries.ignored_among(uow, account_ids)


async def holder_of(uow: UnitOfWork, account_id: UUID | None, key_role: str) -> UUID | None:
    """The first active holder of a key role, None while nobody holds it."""
    if account_id is None:
        return None
    holders = await queries.holders_of(uow, account_id, key_role)
    return holders[0] if holders else None


async def first_holders(
    uow: UnitOfWork, account_ids: Collection[UUID]
) -> Mapping[tuple[UUID, str], UUID]:
    """By account and key role, the first active member who holds it."""
    return await queries.first_holders(uow, account_ids) if account_ids else {}


async def active_member(uow: UnitOfWork, member_id: UUID | None) -> UUID | None:
    """None when there is no such member, or not any more."""
    if member_id is None:
        return None
    return member_id if await queries.member_exists(uow, member_id) else None


async def admins(uow: UnitOfWork) -> list[UUID]:
    return await queries.admins_of(uow)


async def calendar_for(uow: UnitOfWork, member_id: UUID | None) -> BusinessCalendar:
    """The member's own calendar, else the workspace's, in the member's zone if it has none."""
    place = await queries.work_place(uow, member_id) or WorkPlace("UTC", None)
    return await calendar_of(uow, place.calendar_id, ZoneInfo(place.zone))


async def work_place(uow: UnitOfWork, member_id: UUID | None) -> WorkPlace | None:
    return await queries.work_place(uow, member_id)
