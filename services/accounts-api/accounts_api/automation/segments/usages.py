"""Who uses a segment: rules here, sequences elsewhere."""

from uuid import UUID

from accounts_api.automation.segments import memberships
from accounts_api.automation.segments.queries import Segment
from accounts_api.evaluation.usages import service as usage
from shared.auth import Caller
from shared.service import Service
from shared.uow import UnitOfWork


async def ask_others(service: Service, caller: Caller, segment_id: UUID) -> usage.Elsewhere:
    """Not within a transaction."""
    return await usage.ask_others(service, caller, "segment", str(segment_id))


async def used_by(uow: UnitOfWork, segment: Segment, elsewhere: usage.Elsewhere) -> usage.Used:
    counts = await memberships.counts(uow.session, uow.workspace_id, [segment.id])
    return await usage.used(
        uow,
        "segment",
        str(segment.id),
        elsewhere,
        record_type=segment.record_type,
        records=counts.get(segment.id, 0),
    )
