from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from accounts_api.identity.api_keys import service as api_keys
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.calendars import service as calendars
from accounts_api.identity.members import queries
from accounts_api.identity.members.queries import KnownMember
from accounts_api.identity.members.rows import Member
from accounts_api.identity.members.rules import is_paid, may_grant, member_key
from accounts_api.identity.members.schemas import MemberIn, MemberPatch, MemberRow, MemberUpsert
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Fault, Forbidden, Invalid, NotFound, check_version
from shared.events.accounts import MemberChanged, MemberRole
from shared.ids import new_id
from shared.uow import UnitOfWork
from shared.usages import MOST_USAGES, Usage

_ACTION = {None: "member.updated", False: "member.deactivated", True: "member.reactivated"}
"""By what became of `active`, if anything."""
_AUDITED = ("full_name", "email", "role", "time_zone", "external_id", "calendar_id", "active")


lock_membership = queries.lock_membership


class LastAdmin(Conflict):
    code = "last_admin"
    title = "A workspace keeps at least one admin"


class SeatLimit(Conflict):
    code = "seat_limit"
    title = "All paid seats are taken"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "Another member has this e-mail address"


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another member has this external id"


class RoleBeyondOwn(Forbidden):
    code = "role_beyond_own"
    title = "Nobody can give away more than they have"


async def create_member(uow: UnitOfWork, caller: Caller, data: MemberIn) -> Member:
    _must_be_grantable(caller, data.role)
    await queries.lock_membership(uow)
    return await add_member(uow, data)


async def add_member(uow: UnitOfWork, data: MemberIn, *, active: bool = True) -> Member:
    """Add whoever it is within the seats: for checked callers, and commands without one."""
    if is_paid(data.role, active=active):
        await _must_have_seat(uow, None)
    values = {"id": new_id(), "email_key": member_key(data.email), "active": active}
    given = await _with_calendar(uow, data.model_dump())
    async with _unique(data.email, data.external_id):
        member = await queries.insert_member(uow, {**values, **given})
    await audit_log.record(uow, "member.created", "member", member.id, after=_told(member))
    uow.publish(_changed(member))
    return member


async def get_member(uow: UnitOfWork, member_id: UUID) -> Member:
    member = await queries.member_by_id(uow, member_id)
    if member is None:
        raise NotFound("There is no member with this id.")
    return member


async def active_members(uow: UnitOfWork, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those among `ids`."""
    return await queries.active_members(uow, ids) if ids else frozenset()


async def known_members(
    uow: UnitOfWork, ids: Collection[UUID] = (), email_keys: Collection[str] = ()
) -> list[KnownMember]:
    """Those with one of these ids or addresses, deactivated ones too."""
    return await queries.known_members(uow, ids, email_keys) if ids or email_keys else []


async def list_members(
    uow: UnitOfWork,
    *,
    after: tuple[str, UUID] | None,
    email: str | None,
    role: MemberRole | None,
    active: bool | None,
    limit: int,
) -> list[Member]:
    return await queries.members_page(
        uow,
        after=after,
        email_key=None if email is None else member_key(email),
        role=role,
        active=active,
        limit=limit,
    )


async def update_member(
    uow: UnitOfWork, caller: Caller, member_id: UUID, data: MemberPatch, version: int | None
) -> Member:
    await queries.lock_membership(uow)
    member = await get_member(uow, member_id)
    check_version(version, member.version)
    return await _apply(uow, caller, member, data.changes())


@dataclass(frozen=True, slots=True)
class MemberHooks:
    before_deactivation: Sequence[Callable[[UnitOfWork, UUID], Awaitable[None]]]
    """Each may refuse that a member is deactivated, whoever asks, unless they force it."""


async def deactivate_member(
    uow: UnitOfWork, caller: Caller, member_id: UUID, *, force: bool
) -> Member:
    """Their access ends with this transaction: they keep no key and free their seat. Refused while
    they hold something that others should take over, unless `force`.
    """
    await queries.lock_membership(uow)
    member = await get_member(uow, member_id)
    return await _apply(uow, caller, member, {"active": False}, force=force)


async def reactivate_member(uow: UnitOfWork, caller: Caller, member_id: UUID) -> Member:
    await queries.lock_membership(uow)
    member = await get_member(uow, member_id)
    return await _apply(uow, caller, member, {"active": True})


async def upsert_member(
    uow: UnitOfWork, caller: Caller, external_id: str, data: MemberUpsert, *, force: bool
) -> tuple[Member, bool]:
    """Make or update the member whom another system knows by `external_id`; True when made.

    A member with the same e-mail and no external id yet is that person. Saying the same again
    changes nothing and tells nobody. To deactivate them is refused as by hand, unless `force`.
    """
    await queries.lock_membership(uow)
    given = data.changes()
    member = await queries.member_by_external_id(uow, external_id)
    if member is None and "email" in given:
        member = await queries.member_by_email(uow, member_key(data.email))
        if member is not None and member.external_id is not None:
            raise EmailTaken(
                f"The member with this address has the external id {member.external_id!r}.",
                member_id=member.id,
            )
    if member is None:
        given = {**given, "external_id": external_id}
        return await _add_as_told(uow, caller, data, given, "external id"), True
    changes = {**given, "external_id": external_id}
    return await _apply(uow, caller, member, changes, force=force), False


async def write_row(
    uow: UnitOfWork, caller: Caller, row: MemberRow
) -> tuple[Member, Literal["created", "updated", "unchanged"]]:
    """Make or update the member with an e-mail address. `lock_membership` comes before."""
    given = row.changes()
    member = await queries.member_by_email(uow, member_key(row.email))
    if member is None:
        return await _add_as_told(uow, caller, row, given, "e-mail address"), "created"
    # Another spelling of the address is the same one.
    del given["email"]
    changed = await _apply(uow, caller, member, given)
    return changed, "unchanged" if changed.version == member.version else "updated"


async def _add_as_told(
    uow: UnitOfWork, caller: Caller, data: MemberUpsert, given: Mapping[str, Any], by: str
) -> Member:
    """Raises `Invalid` for one without a name or an address."""
    _must_be_grantable(caller, data.role)
    _must_be_whole(given, by)
    made = MemberIn.model_validate(
        {name: given[name] for name in MemberIn.model_fields if name in given}
    )
    return await add_member(uow, made, active=data.active)


async def _apply(
    uow: UnitOfWork,
    caller: Caller,
    member: Member,
    changes: dict[str, Any],
    *,
    force: bool = False,
) -> Member:
    """The one way in which a member changes. Holds the lock on membership already."""
    changes = await _with_calendar(uow, changes)
    before = _told(member)
    was_active, was_paid = member.active, is_paid(member.role, active=member.active)
    was_admin = member.role == "admin" and member.active
    wanted = before | changes
    _, changed = audit_log.difference(before, wanted)
    if not changed:
        return member
    if changed.get("active") is False and not force:
        for check in uow.wired(MemberHooks).before_deactivation:
            await check(uow, member.id)
    if "role" in changed or changed.get("active"):
        _must_be_grantable(caller, wanted["role"])
    if "role" in changed and not force:
        await api_keys.must_fit_role(uow, member.id, wanted["role"])
    if was_admin and not (wanted["role"] == "admin" and wanted["active"]):
        await _must_leave_an_admin(uow, member)
    if is_paid(wanted["role"], active=wanted["active"]) and not was_paid:
        await _must_have_seat(uow, member.id)
    keys = {"email_key": member_key(wanted["email"])}
    async with _unique(wanted["email"], wanted["external_id"]):
        member = await queries.change_member(uow, member.id, {**changed, **keys})
    await audit_log.record(
        uow,
        _ACTION[changed.get("active")],
        "member",
        member.id,
        before={name: before[name] for name in changed},
        after=changed,
    )
    uow.publish(_changed(member))
    if was_active and not member.active:
        await api_keys.end_keys_of_member(uow, member.id)
    return member


async def _with_calendar(uow: UnitOfWork, given: dict[str, Any]) -> dict[str, Any]:
    """With the id of the calendar that is named, by id or key. Raises `Invalid`."""
    named = given.get("calendar_id")
    if named is None:
        return given
    return {**given, "calendar_id": await calendars.named_calendar(uow, named, "/calendar_id")}


async def using_calendar(uow: UnitOfWork, calendar_id: UUID) -> list[Usage]:
    """The members who work by it."""
    found = await queries.members_by_calendar(uow, calendar_id, MOST_USAGES)
    return [Usage("member", str(member.id), member.full_name) for member in found]


def _must_be_whole(given: Mapping[str, Any], by: str) -> None:
    """A new member has a name and an address."""
    missing = [name for name in ("full_name", "email") if name not in given]
    if missing:
        raise Invalid(
            f"There is no member with this {by} yet.",
            faults=[Fault(f"/{name}", "required", "A new member needs it.") for name in missing],
        )


def _must_be_grantable(caller: Caller, role: MemberRole) -> None:
    if not may_grant(caller, role):
        raise RoleBeyondOwn(f"The role {role!r} may do more than you may.", role=role)


async def _must_leave_an_admin(uow: UnitOfWork, member: Member) -> None:
    seats = await queries.seats_without(uow, member.id)
    if seats is not None and seats.admins == 0:
        raise LastAdmin("Make someone else an admin first.")


async def _must_have_seat(uow: UnitOfWork, member_id: UUID | None) -> None:
    seats = await queries.seats_without(uow, member_id)
    if seats is None:
        raise NotFound("There is no such workspace.")
    if seats.seat_limit is not None and seats.paid >= seats.seat_limit:
        raise SeatLimit(
            "Add seats, or make someone an observer: observers are free.",
            seat_limit=seats.seat_limit,
            seats_taken=seats.paid,
        )


@asynccontextmanager
async def _unique(email: str, external_id: str | None) -> AsyncIterator[None]:
    """The database decides whose e-mail and external id these are."""
    async with (
        refuse(
            "uq_members_workspace_id_email_key",
            EmailTaken(f"{email!r} belongs to another member."),
        ),
        refuse(
            "uq_members_workspace_id_external_id",
            ExternalIdTaken(f"{external_id!r} belongs to another member."),
        ),
    ):
        yield


def _told(member: Member) -> dict[str, Any]:
    return {name: getattr(member, name) for name in _AUDITED}


def _changed(member: Member) -> MemberChanged:
    return MemberChanged(
        id=member.id,
        version=member.version,
        full_name=member.full_name,
        email=member.email,
        role=member.role,
        time_zone=member.time_zone,
        external_id=member.external_id,
        calendar_id=member.calendar_id,
        active=member.active,
    )
