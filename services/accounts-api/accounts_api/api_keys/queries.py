from collections.abc import Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.api_keys.models import ApiKey
from shared.auth import Role, granted
from shared.web.authenticate import KeyDetails

_VALID_KEY = text(
    """
    select k.workspace_id, k.id, k.name, k.scopes, k.read_only, k.member_id,
           coalesce(m.role, k.role) as role, w.settings ->> 'support_contact' as support_contact,
           coalesce(k.last_used_at < clock_timestamp() - interval '1 minute', true) as stale
    from api_keys k
    join workspaces w on w.workspace_id = k.workspace_id
    left join members m on m.workspace_id = k.workspace_id and m.id = k.member_id
    where (k.digest = :digest
           or (k.previous_digest = :digest and k.previous_until > clock_timestamp()))
      and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
      and (k.member_id is null or m.active)
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


async def key_by_digest(session: AsyncSession, digest: str) -> tuple[KeyDetails, bool] | None:
    """Whose key this is and what it may do, whichever the workspace: nobody is known before it is
    answered. The flag says that its last use should be noted.
    """
    found = (await session.execute(_VALID_KEY, {"digest": digest})).one_or_none()
    if found is None:
        return None
    scopes = None if found.scopes is None else frozenset(found.scopes)
    details = KeyDetails(
        workspace_id=found.workspace_id,
        key_id=found.id,
        label=found.name,
        role=found.role,
        permissions=granted(found.role, scopes, read_only=found.read_only),
        member_id=found.member_id,
        support_contact=found.support_contact,
    )
    return details, bool(found.stale)


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
            previous_until=until if lives_on else None,
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
