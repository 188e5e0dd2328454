from uuid import UUID

from shared.business_time import BusinessCalendar
from shared.events.accounts import AccountChanged, MemberChanged
from shared.uow import UnitOfWork
from tasks_api.replica import queries


async def copy_member(uow: UnitOfWork, event: MemberChanged) -> None:
    values = event.model_dump(
        include={"id", "full_name", "email", "role", "time_zone", "active", "version"}
    )
    await queries.store_member(uow.session, uow.workspace_id, values)


async def copy_account(uow: UnitOfWork, event: AccountChanged) -> bool:
    record = event.record.model_dump(mode="json")
    values = {
        "id": event.id,
        "name": record["name"],
        "key_roles": record["key_roles"],
        "deleted": event.change in {"deleted", "merged"},
        "version": event.version,
    }
    return await queries.store_account(uow.session, uow.workspace_id, values)


async def holder_of(uow: UnitOfWork, account_id: UUID | None, key_role: str) -> UUID | None:
    """The first active holder of a key role, None while nobody holds it."""
    if account_id is None:
        return None
    holders = await queries.holders_of(uow.session, uow.workspace_id, account_id, key_role)
    return holders[0] if holders else None


async def active_member(uow: UnitOfWork, member_id: UUID | None) -> UUID | None:
    """None when there is no such member, or not any more."""
    if member_id is None:
        return None
    known = await queries.member_exists(uow.session, uow.workspace_id, member_id)
    return member_id if known else None


async def admins(uow: UnitOfWork) -> list[UUID]:
    return await queries.admins_of(uow.session, uow.workspace_id)


async def calendar_for(uow: UnitOfWork, member_id: UUID | None) -> BusinessCalendar:
    return await queries.calendar_for(uow.session, uow.workspace_id, member_id)
