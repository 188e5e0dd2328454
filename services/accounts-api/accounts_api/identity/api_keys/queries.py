from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, func, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.identity.api_keys.models import ApiKey
from shared.auth import Role, Subject, granted
from shared.events.base import Cause
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


async def key_by_digest(session: AsyncSession, digest: str) -> tuple[SubjectDetails, bool] | None:
    """Whose key this is and what it may do, whichever the workspace: nobody is known before it is
    answered. The flag says that its last use should be noted.
    """
    found = (await session.execute(_KEY_BY_DIGEST, {"digest": digest})).one_or_none()
    return None if found is None else (_details_of(found), bool(found.stale))


async def subject_by_id(
    session: AsyncSession, workspace_id: UUID, subject: Subject
) -> SubjectDetails | None:
    given = {"workspace_id": workspace_id, "id": subject.id}
    if subject.type == "api_key":
        key = (await session.execute(_KEY_BY_ID, given)).one_or_none()
        return None if key is None else _details_of(key)
    member = (await session.execute(_MEMBER_BY_ID, given)).one_or_none()
    if member is None:
        return None
    return SubjectDetails(
        workspace_id=workspace_id,
        principal=Cause(type="member", id=str(subject.id)),
        role=member.role,
        permissions=granted(member.role, None, read_only=False),
        member_id=subject.id,
        support_contact=member.support_contact,
    )


def _details_of(key: Row[Any]) -> SubjectDetails:
    scopes = None if key.scopes is None else frozenset(key.scopes)
    return SubjectDetails(
        workspace_id=key.workspace_id,
        principal=Cause(type="api_key", id=str(key.id), label=key.name),
        role=key.role,
        permissions=granted(key.role, scopes, read_only=key.read_only),
        member_id=key.member_id,
        support_contact=key.support_contact,
    )


async def note_use(session: AsyncSession, workspace_id: UUID, key_id: UUID) -> None:
    await session.execute(_USED, {"workspace_id": workspace_id, "id": key_id})


async def role_of_member(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Role | None:
    """The role of an active member, held until this transaction ends."""
    found = await session.execute(_MEMBER_ROLE, {"workspace_id": workspace_id, "id": member_id})
    return cast("Role | None", found.scalar_one_or_none())


async def keys_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    after_id: UUID | None,
    member_id: UUID | None,
    limit: int,
) -> Sequence[ApiKey]:
    page = select(ApiKey).where(ApiKey.workspace_id == workspace_id)
    if after_id is not None:
        page = page.where(ApiKey.id > after_id)
    if member_id is not None:
        page = page.where(ApiKey.member_id == member_id)
    return (await session.scalars(page.order_by(ApiKey.id).limit(limit + 1))).all()


async def key_by_id(
    session: AsyncSession, workspace_id: UUID, key_id: UUID, *, lock: bool = False
) -> ApiKey | None:
    found = select(ApiKey).where(ApiKey.workspace_id == workspace_id, ApiKey.id == key_id)
    if lock:
        found = found.with_for_update(key_share=True)
    return (await session.scalars(found)).one_or_none()


async def replace_secret(
    session: AsyncSession, workspace_id: UUID, key_id: UUID, digest: str, overlap_seconds: int
) -> ApiKey:
    """The old secret, if it shall overlap, becomes the previous one; the one before it ends."""
    lives_on = overlap_seconds > 0
    until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, overlap_seconds)
    rolled = (
        update(ApiKey)
        .where(ApiKey.workspace_id == workspace_id, ApiKey.id == key_id)
        .values(
            digest=digest,
            previous_digest=ApiKey.digest if lives_on else None,
            previous_secret_expires_at=until if lives_on else None,
        )
        .returning(ApiKey)
    )
    return (await session.scalars(rolled, execution_options={"populate_existing": True})).one()


async def end_key(session: AsyncSession, workspace_id: UUID, key_id: UUID) -> ApiKey:
    ended = (
        update(ApiKey)
        .where(ApiKey.workspace_id == workspace_id, ApiKey.id == key_id)
        .values(revoked_at=func.clock_timestamp())
        .returning(ApiKey)
    )
    return (await session.scalars(ended, execution_options={"populate_existing": True})).one()


async def live_keys_of_member(
    session: AsyncSession, workspace_id: UUID, member_id: UUID
) -> Sequence[ApiKey]:
    found = select(ApiKey).where(
        ApiKey.workspace_id == workspace_id,
        ApiKey.member_id == member_id,
        ApiKey.revoked_at.is_(None),
        func.coalesce(ApiKey.expires_at > func.clock_timestamp(), true()),
    )
    return (await session.scalars(found.order_by(ApiKey.id))).all()


async def end_keys_of_member(
    session: AsyncSession, workspace_id: UUID, member_id: UUID
) -> Sequence[ApiKey]:
    ended = (
        update(ApiKey)
        .where(
            ApiKey.workspace_id == workspace_id,
            ApiKey.member_id == member_id,
            ApiKey.revoked_at.is_(None),
        )
        .values(revoked_at=func.clock_timestamp())
        .returning(ApiKey)
    )
    return (await session.scalars(ended, execution_options={"populate_existing": True})).all()
