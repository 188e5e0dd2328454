from uuid import UUID

from sqlalchemy import select

from shared.rules.interpreter.needs import Needs
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
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
