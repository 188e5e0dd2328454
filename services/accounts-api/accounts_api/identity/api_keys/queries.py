from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text, true, update

from accounts_api.identity.api_keys.models import api_keys
from accounts_api.identity.api_keys.rows import ApiKey
from shared.auth import CredentialRole, Subject, granted
from shared.data import WORKSPACE, Transaction
from shared.events.accounts import MemberRole
from shared.events.base import Cause
from shared.uow import UnitOfWork
from shared.web.authenticate import SubjectDetails

_LIVE_KEY = """
    select k.workspace_id, k.id, k.name, k.scopes, k.read_only, k.member_id,
           coalesce(m.role, k.role) as role, w.settings ->> 'support_contact' as support_contact,
           coalesce(k.last_used_at < clock_timestamp() - interval '1 minute', true) as stale
    from api_keys k
    join workspaces w on w.workspace_id = k.workspace_id
    left join members m on m.workspace_id = k.workspace_id and m.id = k.member_id
    where k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
      and (k.member_id is null or m.active)
"""
_KEY_BY_DIGEST = text(
    _LIVE_KEY
    + """
      and (k.digest = :digest
           or (k.previous_digest = :digest and k.previous_secret_expires_at > clock_timestamp()))
    """
)
_KEY_BY_ID = text(_LIVE_KEY + " and k.workspace_id = :workspace_id and k.id = :id")
_MEMBER_BY_ID = text(
    """
    select m.role, w.settings ->> 'support_contact' as support_contact
    from members m join workspaces w on w.workspace_id = m.workspace_id
    where m.workspace_id = :workspace_id and m.id = :id and m.active
    """
)
_USED = text(
    """
    update api_keys set last_used_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id
      and coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
    """
)
_MEMBER_ROLE = text(
    "select role from members where workspace_id = :workspace_id and id = :id and active for share"
)


@dataclass(frozen=True, slots=True)
class _LiveKey:
    workspace_id: UUID
    id: UUID
    name: str
    scopes: list[str] | None
    read_only: bool
    member_id: UUID | None
    role: CredentialRole
    support_contact: str | None
    stale: bool

    def details(self) -> SubjectDetails:
        scopes = None if self.scopes is None else frozenset(self.scopes)
        return SubjectDetails(
            workspace_id=self.workspace_id,
            principal=Cause(type="api_key", id=str(self.id), label=self.name),
            role=self.role,
            permissions=granted(self.role, scopes, read_only=self.read_only),
            member_id=self.member_id,
            support_contact=self.support_contact,
        )


@dataclass(frozen=True, slots=True)
class _LiveMember:
    role: MemberRole
    support_contact: str | None


async def key_by_digest(scope: Transaction, digest: str) -> tuple[SubjectDetails, bool] | None:
    """Whose key this is and what it may do, whichever the workspace: nobody is known before it is
    answered. The flag says that its last use should be noted.
    """
    key = await scope.row(_LiveKey, _KEY_BY_DIGEST, digest=digest)
    return None if key is None else (key.details(), key.stale)


async def subject_by_id(uow: UnitOfWork, subject: Subject) -> SubjectDetails | None:
    if subject.type == "api_key":
        key = await uow.row(_LiveKey, _KEY_BY_ID, id=subject.id)
        return None if key is None else key.details()
    member = await uow.row(_LiveMember, _MEMBER_BY_ID, id=subject.id)
    if member is None:
        return None
    return SubjectDetails(
        workspace_id=uow.workspace_id,
        principal=Cause(type="member", id=str(subject.id)),
        role=member.role,
        permissions=granted(member.role, None, read_only=False),
        member_id=subject.id,
        support_contact=member.support_contact,
    )


async def note_use(uow: UnitOfWork, key_id: UUID) -> None:
    await uow.run(_USED, id=key_id)


@dataclass(frozen=True, slots=True)
class _MemberRole:
    role: MemberRole


async def role_of_member(uow: UnitOfWork, member_id: UUID) -> MemberRole | None:
    """The role of an active member, held until this transaction ends."""
    member = await uow.row(_MemberRole, _MEMBER_ROLE, id=member_id)
    return None if member is None else member.role


async def insert_key(uow: UnitOfWork, values: Mapping[str, object]) -> ApiKey:
    return await uow.one(ApiKey, insert(api_keys).values(**values).returning(api_keys))


_OF_WORKSPACE = select(api_keys).where(api_keys.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(api_keys.c.id == bindparam("key_id"))
_LIVE_OF_MEMBER = _OF_WORKSPACE.where(
    api_keys.c.member_id == bindparam("of_member"),
    api_keys.c.revoked_at.is_(None),
    func.coalesce(api_keys.c.expires_at > func.clock_timestamp(), true()),
).order_by(api_keys.c.id)


async def keys_page(
    uow: UnitOfWork, *, after_id: UUID | None, member_id: UUID | None, limit: int
) -> list[ApiKey]:
    page = _OF_WORKSPACE
    if after_id is not None:
        page = page.where(api_keys.c.id > after_id)
    if member_id is not None:
        page = page.where(api_keys.c.member_id == member_id)
    return await uow.rows(ApiKey, page.order_by(api_keys.c.id).limit(limit + 1))


async def key_by_id(uow: UnitOfWork, key_id: UUID, *, lock: bool = False) -> ApiKey | None:
    statement = _BY_ID.with_for_update(key_share=True) if lock else _BY_ID
    return await uow.row(ApiKey, statement, key_id=key_id)


async def replace_secret(
    uow: UnitOfWork, key_id: UUID, digest: str, overlap_seconds: int
) -> ApiKey:
    """The old secret, if it shall overlap, becomes the previous one; the one before it ends."""
    lives_on = overlap_seconds > 0
    until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, overlap_seconds)
    rolled = (
        update(api_keys)
        .where(api_keys.c.workspace_id == uow.workspace_id, api_keys.c.id == key_id)
        .values(
            digest=digest,
            previous_digest=api_keys.c.digest if lives_on else None,
            previous_secret_expires_at=until if lives_on else None,
        )
        .returning(api_keys)
    )
    return await uow.one(ApiKey, rolled)


async def end_key(uow: UnitOfWork, key_id: UUID) -> ApiKey:
    ended = (
        update(api_keys)
        .where(api_keys.c.workspace_id == uow.workspace_id, api_keys.c.id == key_id)
        .values(revoked_at=func.clock_timestamp())
        .returning(api_keys)
    )
    return await uow.one(ApiKey, ended)


async def live_keys_of_member(uow: UnitOfWork, member_id: UUID) -> list[ApiKey]:
    return await uow.rows(ApiKey, _LIVE_OF_MEMBER, of_member=member_id)


async def end_keys_of_member(uow: UnitOfWork, member_id: UUID) -> list[ApiKey]:
    ended = (
        update(api_keys)
        .where(
            api_keys.c.workspace_id == uow.workspace_id,
            api_keys.c.member_id == member_id,
            api_keys.c.revoked_at.is_(None),
        )
        .values(revoked_at=func.clock_timestamp())
        .returning(api_keys)
    )
    return await uow.rows(ApiKey, ended)


@dataclass(frozen=True, slots=True)
class NamedKey:
    id: UUID
    name: str


_USABLE_OF = text(
    """
    select id, name from api_keys
    where workspace_id = :workspace_id and member_id = :member_id and revoked_at is null
      and (expires_at is null or expires_at > clock_timestamp())
    order by name, id
    """
)


async def usable_keys_of(uow: UnitOfWork, member_id: UUID) -> list[NamedKey]:
    """By name."""
    return await uow.rows(NamedKey, _USABLE_OF, member_id=member_id)
