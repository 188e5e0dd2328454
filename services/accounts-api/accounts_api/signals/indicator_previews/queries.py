from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from accounts_api.customers.formulas.shown import moved_types
from accounts_api.language.rules.reads import reads_of
from shared.data import WORKSPACE
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


async def matching(uow: UnitOfWork, rule: Rule, context: EvaluationContext) -> list[UUID]:
    """The living records that satisfy the rule, oldest first."""
    row = record_table(rule.type)
    found = (
        select(row.c.id)
        .where(row.c.workspace_id == WORKSPACE, row.c.deleted_at.is_(None))
        .where(verdict(rule, row, context))
        .order_by(row.c.id)
    )
    moved = await moved_types(uow, reads_of([rule]))
    return await uow.values(UUID, moved.begun(found), **moved.parameters)


_EXISTING = text(
    """
    select count(distinct record_id) from indicators
    where workspace_id = :workspace_id and definition_id = :definition_id and state <> 'cleared'
      and record_id = any(cast(:ids as uuid[]))
    """
)


async def count_existing(uow: UnitOfWork, definition_id: UUID, ids: Sequence[UUID]) -> int:
    """Those that have a live indicator of the definition."""
    return await uow.one_value(int, _EXISTING, definition_id=definition_id, ids=list(ids))


@dataclass(frozen=True, slots=True)
class SegmentCount:
    segment_id: UUID
    title: str
    count: int


_BY_SEGMENT = text(
    """
    select s.id as segment_id, s.title, count(*) as count
    from segment_members m
    join segments s on s.workspace_id = :workspace_id and s.id = m.segment_id
    where m.workspace_id = :workspace_id and m.left_at is null
      and m.record_id = any(cast(:ids as uuid[]))
    group by s.id, s.title order by count(*) desc, s.title, s.id limit 50
    """
)


async def count_by_segment(uow: UnitOfWork, ids: Sequence[UUID]) -> list[SegmentCount]:
    return await uow.rows(SegmentCount, _BY_SEGMENT, ids=list(ids))
