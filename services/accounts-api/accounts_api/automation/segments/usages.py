"""Who uses a segment: rules here, sequences elsewhere. And whom segments use."""

from uuid import UUID

from accounts_api.automation.segments import memberships, queries
from accounts_api.automation.segments.queries import Segment
from accounts_api.evaluation.usages import service as usage
from shared.auth import Caller
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage


async def ask_others(service: Service, caller: Caller, segment_id: UUID) -> usage.Elsewhere:
    """Not within a transaction."""
    return await usage.ask_others(service, caller, "segment", str(segment_id))


async def used_by(uow: UnitOfWork, segment: Segment, elsewhere: usage.Elsewhere) -> usage.Used:
    counts = await memberships.counts(uow, [segment.id])
    return await usage.used(
        uow,
        "segment",
        str(segment.id),
        elsewhere,
        record_type=segment.record_type,
        records=counts.get(segment.id, 0),
    )


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The segments that ask for a member. Of all else the engine knows who depends on it."""
    if what != "member":
        return []
    segments = await queries.segments_naming(uow, key)
    return [Usage("segment", str(segment.id), segment.title) for segment in segments]
