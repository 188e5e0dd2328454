"""The members of a segment: listed, added and removed by people. How rules move them is in
`evaluation`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.automation.memberships import evaluation, queries
from accounts_api.automation.memberships.schemas import OverrideIn
from accounts_api.automation.segments.service import cause_of, live_segment, segment_named
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Trigger
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.history.service import must_have_come
from accounts_api.records.store.hooks import RecordChange
from shared.errors import NotFound
from shared.lists import moment
from shared.rules.interpreter.depends import EXISTENCE
from shared.uow import UnitOfWork


async def list_members(
    uow: UnitOfWork,
    segment_id: UUID,
    *,
    as_of: datetime | None,
    known_as_of: datetime | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Any]:
    """By record id; one more than `limit`, if there are more."""
    segment = await segment_named(uow, segment_id)
    await must_have_come(uow, as_of, "/query/as_of")
    table = STANDARD.types[segment.record_type].table
    return await queries.members_page(
        uow,
        segment_id,
        table,
        as_of=as_of,
        known_as_of=known_as_of,
        after=after,
        limit=limit + 1,
    )


async def set_member(
    uow: UnitOfWork, segment_id: UUID, record_id: UUID, data: OverrideIn
) -> dict[str, Any]:
    """A person's word beats the rule, both ways, until it is cleared."""
    await engine.lock(uow)
    segment = await live_segment(uow, segment_id)
    table = STANDARD.types[segment.record_type].table
    if not await queries.record_exists(uow, table, record_id):
        raise NotFound(f"There is no {segment.record_type} with this id.")
    await queries.set_override(
        uow,
        segment_id,
        record_id,
        included=data.included,
        note=data.note,
        cause=cause_of(uow),
    )
    after = {"record_id": record_id, "included": data.included}
    await audit_log.record(uow, "segment.member_set", "segment", segment_id, after=after)
    return await _settled(uow, segment_id, record_id)


async def clear_member(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> dict[str, Any]:
    """The rule decides again."""
    await engine.lock(uow)
    await live_segment(uow, segment_id)
    if not await queries.clear_override(uow, segment_id, record_id):
        raise NotFound("Nobody added or removed this record by hand.")
    before = {"record_id": record_id}
    await audit_log.record(uow, "segment.member_cleared", "segment", segment_id, before=before)
    return await _settled(uow, segment_id, record_id)


async def follow_merges(uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
    """A listener of record changes: whom a person added or removed stays so as the winner."""
    for loser, winner in ((change.id, change.merged_into) for change in changes):
        if winner is not None and await queries.hand_over(uow, loser, winner):
            await engine.record_change(uow, record_type, [EXISTENCE], [winner], await uow.now())


async def _settled(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> dict[str, Any]:
    context = await moment.evaluation_context(uow)
    trigger = Trigger(context.now, uow.cause)
    await evaluation.evaluate(uow, {segment_id: {record_id: trigger}}, context)
    found = await queries.memberships(uow, segment_id, record_id)
    override = await queries.override_of(uow, segment_id, record_id)
    return {
        "segment_id": segment_id,
        "record_id": record_id,
        "member": any(stay.left_at is None for stay in found),
        "override": override,
    }
