"""What a rule sees of one record, read for an explanation."""

from uuid import UUID

from accounts_api.evaluation.rule_sets import queries
from shared.errors import NotFound
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


async def record_seen_by(
    uow: UnitOfWork, rule: Rule, record_id: UUID, context: EvaluationContext
) -> Snapshot:
    """Of a live record. Raises `NotFound`."""
    needed = needs(rule)
    written = await queries.snapshot_text(uow, needed, record_id, context)
    if written is None:
        raise NotFound(f"There is no {rule.type.name} with this id.")
    return read_snapshot(needed, written)
