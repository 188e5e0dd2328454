from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.evaluation.rule_sets.rules import R
from accounts_api.evaluation.rule_sets.stored import RuleSet
from shared.ids import new_id


async def all_rules(
    session: AsyncSession, workspace_id: UUID, kept: RuleSet[R], **which: Any
) -> list[R]:
    found = (
        select(*kept.columns)
        .where(*kept.among(workspace_id, which))
        .order_by(*(kept.table.c[name] for name in kept.order))
    )
    return [kept.row(*row) for row in await session.execute(found)]


async def one_rule(
    session: AsyncSession, workspace_id: UUID, kept: RuleSet[R], *, lock: bool = False, **which: Any
) -> R | None:
    found = select(*kept.columns).where(*kept.among(workspace_id, which))
    row = (await session.execute(found.with_for_update() if lock else found)).one_or_none()
    return None if row is None else kept.row(*row)


async def add_rule(
    session: AsyncSession, workspace_id: UUID, kept: RuleSet[R], values: Mapping[str, Any]
) -> R:
    made = insert(kept.table).values(workspace_id=workspace_id, id=new_id(), **values)
    return kept.row(*(await session.execute(made.returning(*kept.columns))).one())


async def change_rule(
    session: AsyncSession,
    workspace_id: UUID,
    kept: RuleSet[R],
    rule_id: UUID,
    values: Mapping[str, Any],
) -> R:
    """A new version, without the faults of the one before."""
    rules = kept.table
    changed = (
        update(rules)
        .where(*kept.among(workspace_id, {"id": rule_id}))
        .values(
            version=rules.c.version + 1, updated_at=func.clock_timestamp(), faults=None, **values
        )
    )
    return kept.row(*(await session.execute(changed.returning(*kept.columns))).one())


async def note(
    session: AsyncSession,
    workspace_id: UUID,
    kept: RuleSet[R],
    rule_id: UUID,
    values: Mapping[str, Any],
) -> None:
    """What the worker writes of a rule. No new version."""
    mine = kept.among(workspace_id, {"id": rule_id})
    await session.execute(update(kept.table).where(*mine).values(**values))


async def remove_rules(
    session: AsyncSession, workspace_id: UUID, kept: RuleSet[R], **which: Any
) -> None:
    await session.execute(delete(kept.table).where(*kept.among(workspace_id, which)))
