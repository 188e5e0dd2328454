import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from accounts_api.identity.api_keys import queries
from accounts_api.identity.api_keys.rows import ApiKey
from accounts_api.identity.api_keys.rules import scope_faults
from accounts_api.identity.api_keys.schemas import ApiKeyIn
from accounts_api.identity.audit_log import service as audit_log
from shared.api_keys import NewKey, make_key
from shared.auth import Caller, CredentialRole, Subject, granted
from shared.errors import Conflict, Fault, Forbidden, Invalid, NotFound, invalid
from shared.events.accounts import ApiKeyRevoked, MemberRole
from shared.ids import new_id
from shared.logging import get_logger
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage
from shared.web.authenticate import SubjectDetails

log = get_logger(__name__)


class BeyondOwnPermissions(Forbidden):
    code = "beyond_own_permissions"
    title = "Nobody can give away more than they have"


class KeyRevoked(Conflict):
    code = "key_revoked"
    title = "This key is revoked for good"


@dataclass(frozen=True)
class MadeKey:
    """A key and, this once, its secret."""

    key: ApiKey
    secret: str


async def create_api_key(uow: UnitOfWork, caller: Caller, data: ApiKeyIn) -> MadeKey:
    role = await _role_of(uow, data)
    faults = scope_faults(role, data.scopes, read_only=data.read_only)
    if faults:
        raise Invalid("No key was made. See `errors` for each scope.", faults=faults)
    scopes = None if data.scopes is None else frozenset(data.scopes)
    beyond = granted(role, scopes, read_only=data.read_only) - caller.permissions
    if beyond:
        raise BeyondOwnPermissions(
            "The key could do what you may not. Leave these scopes out, or ask an admin.",
            permissions=sorted(beyond),
        )
    if data.expires_at and data.expires_at <= await uow.machine_now():
        raise invalid("/expires_at", "in_the_past", "This instant has passed.")
    return await add_key(uow, data)


async def _role_of(uow: UnitOfWork, data: ApiKeyIn) -> CredentialRole:
    if data.role is not None and data.member_id is None:
        return data.role
    if data.member_id is not None and data.role is None:
        role = await queries.role_of_member(uow, data.member_id)
        if role is None:
            raise invalid("/member_id", "unknown_member", "There is no active member with this id.")
        return role
    raise invalid("/role", "role_or_member", "Give either `role` or `member_id`, not both.")


async def add_key(uow: UnitOfWork, data: ApiKeyIn) -> MadeKey:
    """Make a key whatever its rights: for commands without a caller, such as the bootstrap."""
    key_id = new_id()
    made = make_key(key_id)
    values = {"id": key_id, "prefix": made.prefix, "digest": made.digest, **data.model_dump()}
    key = await queries.insert_key(uow, values)
    await audit_log.record(uow, "api_key.created", "api_key", key_id, after=_told(key))
    return MadeKey(key, made.secret)


def _told(key: ApiKey) -> dict[str, Any]:
    names = ("name", "prefix", "role", "member_id", "scopes", "read_only", "expires_at")
    return {name: getattr(key, name) for name in names}


async def get_api_key(uow: UnitOfWork, key_id: UUID) -> ApiKey:
    key = await queries.key_by_id(uow, key_id)
    if key is None:
        raise NotFound("There is no API key with this id.")
    return key


async def list_api_keys(
    uow: UnitOfWork, *, after_id: UUID | None, member_id: UUID | None, limit: int
) -> list[ApiKey]:
    return await queries.keys_page(uow, after_id=after_id, member_id=member_id, limit=limit)


async def roll_api_key(
    uow: UnitOfWork, caller: Caller, key_id: UUID, overlap_seconds: int
) -> MadeKey:
    key = await _live_key(uow, key_id)
    await _must_cover(uow, caller, key)
    fresh: NewKey = make_key(key.id)
    rolled = await queries.replace_secret(uow, key.id, fresh.digest, overlap_seconds)
    await audit_log.record(
        uow, "api_key.rolled", "api_key", key_id, after={"overlap_seconds": overlap_seconds}
    )
    return MadeKey(rolled, fresh.secret)


async def _must_cover(uow: UnitOfWork, caller: Caller, key: ApiKey) -> None:
    """Who rolls a key holds its secret afterwards, so it may do no more than they may."""
    role = key.role
    if key.member_id is not None:
        role = await queries.role_of_member(uow, key.member_id)
    scopes = None if key.scopes is None else frozenset(key.scopes)
    beyond = (
        granted(role, scopes, read_only=key.read_only) - caller.permissions if role else frozenset()
    )
    if beyond:
        raise BeyondOwnPermissions(
            "The key may do what you may not, and you would hold it.", permissions=sorted(beyond)
        )


async def revoke_api_key(uow: UnitOfWork, key_id: UUID) -> ApiKey:
    """End a key at once; a second time changes nothing."""
    key = await queries.key_by_id(uow, key_id, lock=True)
    if key is None:
        raise NotFound("There is no API key with this id.")
    if key.revoked_at is not None:
        return key
    ended = await queries.end_key(uow, key_id)
    await _tell_end(uow, ended)
    return ended


async def must_fit_role(uow: UnitOfWork, member_id: UUID, role: MemberRole) -> None:
    """Raises `Invalid` for a role that would leave a scope of the member's keys in vain."""
    faults = [
        Fault("/role", fault.code, f"Their key {key.name!r} is in the way. {fault.message}", told)
        for key in await queries.live_keys_of_member(uow, member_id)
        for fault in scope_faults(role, key.scopes, read_only=key.read_only)
        if (told := {**(fault.extra or {}), "api_key_id": str(key.id)})
    ]
    if faults:
        raise Invalid("Revoke these keys first, or choose another role.", faults=faults)


async def end_keys_of_member(uow: UnitOfWork, member_id: UUID) -> None:
    """A member who leaves takes no key along."""
    for key in await queries.end_keys_of_member(uow, member_id):
        await _tell_end(uow, key)


async def _tell_end(uow: UnitOfWork, key: ApiKey) -> None:
    uow.publish(ApiKeyRevoked(id=key.id, prefix=key.prefix))
    await audit_log.record(
        uow, "api_key.revoked", "api_key", key.id, after={"revoked_at": key.revoked_at}
    )


async def _live_key(uow: UnitOfWork, key_id: UUID) -> ApiKey:
    key = await queries.key_by_id(uow, key_id, lock=True)
    if key is None:
        raise NotFound("There is no API key with this id.")
    if key.revoked_at is not None:
        raise KeyRevoked("Make a new key instead.")
    return key


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The keys of a member that can be used."""
    keys = await queries.usable_keys_of(uow, UUID(key)) if what == "member" else []
    return [Usage("api_key", str(each.id), each.name) for each in keys]


async def key_details(service: Service, digest: str) -> SubjectDetails | None:
    """What the key with this digest may do now; None for an unknown, expired or revoked one."""
    async with service.units.across_workspaces(read_only=True) as scope:
        found = await queries.key_by_digest(scope, digest)
    if found is None:
        return None
    details, use_is_news = found
    if use_is_news:
        _note_use_later(service, details.workspace_id, UUID(details.principal.id))
    return details


async def subject_details(
    service: Service, workspace_id: UUID, subject: Subject
) -> SubjectDetails | None:
    """What a member or key may do now; None for one that was deactivated, revoked or never was."""
    async with service.units.begin(workspace_id, (), read_only=True) as uow:
        return await queries.subject_by_id(uow, subject)


async def caller_now(uow: UnitOfWork, subject: Subject) -> Caller | None:
    """As `subject_details`, of whom work is done for that was asked for before."""
    details = await queries.subject_by_id(uow, subject)
    return None if details is None else details.caller()


@dataclass(frozen=True, slots=True)
class OwnIntrospection:
    """For this service's own web process, which needs no network to look."""

    service: Service
    asks_accounts: ClassVar[bool] = False

    async def of_key(self, digest: str) -> SubjectDetails | None:
        return await key_details(self.service, digest)

    async def of_subject(self, workspace_id: UUID, subject: Subject) -> SubjectDetails | None:
        return await subject_details(self.service, workspace_id, subject)


_notes: dict[UUID, asyncio.Task[None]] = {}


def _note_use_later(service: Service, workspace_id: UUID, key_id: UUID) -> None:
    """Beside the request and not in its transaction: nobody waits for it, and losing it with the
    process costs a minute of "last used".
    """
    if key_id not in _notes:
        task = asyncio.create_task(_note_use(service, workspace_id, key_id))
        _notes[key_id] = task
        task.add_done_callback(lambda _: _notes.pop(key_id, None))


async def _note_use(service: Service, workspace_id: UUID, key_id: UUID) -> None:
    try:
        async with service.units.begin(workspace_id, ()) as uow:
            await queries.note_use(uow, key_id)
    except Exception as error:  # noqa: BLE001  (a busy database is no reason to fail anybody)
        log.warning("last use not noted", error=type(error).__name__)
