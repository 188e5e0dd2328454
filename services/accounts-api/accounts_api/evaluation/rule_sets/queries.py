from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from accounts_api.records.history.as_of import MovedTypes
from shared.rules.interpreter.needs import Needs
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


async def snapshot_text(
    uow: UnitOfWork, needs: Needs, record_id: UUID, context: EvaluationContext, moved: MovedTypes
) -> str | None:
    """Of one live record, for `read_snapshot`."""
    row = record_table(needs.type)
    document = select(snapshot(needs, row, context)).where(
        row.c.workspace_id == uow.workspace_id, row.c.id == record_id, row.c.deleted_at.is_(None)
    )
    return await uow.value(str, moved.begun(document), **moved.parameters)


@dataclass(frozen=True, slots=True)
class LivingSegment:
    id: UUID
    record_type: str
    key: str
    former_keys: list[str]


_LIVING_SEGMENTS = text(
    """
    select s.id, s.record_type, s.key, array(
        select f.key from former_keys f
        where f.workspace_id = :workspace_id and f.kind = 'segment' and f.id = s.id
          and f.expires_at > workspace_now(:workspace_id)) as former_keys
    from segments s where s.workspace_id = :workspace_id and s.archived_at is null
    """
)


async def living_segments(uow: UnitOfWork) -> list[LivingSegment]:
    return await uow.rows(LivingSegment, _LIVING_SEGMENTS)
