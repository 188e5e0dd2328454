from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from accounts_api.identity.audit_log.models import audit_log
from accounts_api.identity.audit_log.rows import AuditEntry
from shared.data import WORKSPACE
from shared.uow import UnitOfWork


async def insert_entry(uow: UnitOfWork, values: Mapping[str, object]) -> None:
    """Once, whatever comes twice."""
    await uow.run(insert(audit_log).values(**values).on_conflict_do_nothing())


_OF_WORKSPACE = select(audit_log).where(audit_log.c.workspace_id == WORKSPACE)


async def entries_page(
    uow: UnitOfWork,
    *,
    before_id: UUID | None,
    target_id: UUID | None,
    action: str | None,
    limit: int,
) -> list[AuditEntry]:
    """Newest first: ids are UUIDv7, so they sort by when they were made."""
    page = _OF_WORKSPACE
    if before_id is not None:
        page = page.where(audit_log.c.id < before_id)
    if target_id is not None:
        page = page.where(audit_log.c.target_id == target_id)
    if action is not None:
        page = page.where(audit_log.c.action == action)
    return await uow.rows(AuditEntry, page.order_by(audit_log.c.id.desc()).limit(limit + 1))
