from uuid import UUID

from sqlalchemy import select

from accounts_api.language.interpreter.needs import Needs
from accounts_api.language.rules.context import EvaluationContext
from accounts_api.language.sql.rows import record_table
from accounts_api.language.sql.snapshot import snapshot
from shared.uow import UnitOfWork


async def snapshot_text(
    uow: UnitOfWork, needs: Needs, record_id: UUID, context: EvaluationContext
) -> str | None:
    """Of one live record, for `read_snapshot`."""
    row = record_table(needs.type)
    document = select(snapshot(needs, row, context)).where(
        row.c.workspace_id == uow.workspace_id, row.c.id == record_id, row.c.deleted_at.is_(None)
    )
    return await uow.value(str, document)
