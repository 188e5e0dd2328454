from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts_api.signals.metric_documents.documents import Metric
from accounts_api.signals.metric_reliability import queries
from accounts_api.signals.metric_reliability.rules import Reliable, reliable_from
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

__all__ = ["Reliable"]


async def of_metrics(
    uow: UnitOfWork, metrics: Sequence[Metric], context: EvaluationContext
) -> Mapping[UUID, Reliable]:
    """By the id of each metric."""
    first_days = await queries.first_days(uow, context.zone.key)
    being_counted = await queries.being_counted(uow)
    return {one.id: reliable_from(one, first_days, being_counted) for one in metrics}
