"""Who enters, who cannot and why. `reconcile` evaluates an opportunity as it is now, whatever
changed, so that it does not matter in which order events came, or how often.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sequencer.replica import service as records
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import EnrollmentContext, load_enrollment_contexts
from sequencer.sequences.enrollments.rules import Exit, Pause, obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry import queries
from sequencer.sequences.entry.blocks import Blocks
from sequencer.sequences.entry.context import EntryCase, EntryContext, load_entry_context
from sequencer.sequences.entry.queries import EntryRequest
from sequencer.sequences.entry.rules import STEP_LEFT, Gate, best_choice, gates, verdict
from sequencer.sequences.quiet_entries import service as quiet_entries
from sequencer.sequences.quiet_entries.rows import QuietEntry, QuietEntryStatus
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.rows import Sequence as SequenceRow
from sequencer.sequences.sequences.versions import Pinned
from shared.auth import Caller
from shared.batches import isolate_failures
from shared.events.base import Cause, chain_of
from shared.events.sequences import BlockCause, EnrollmentEntry, ManualEntryUsed
from shared.quiet import quiet_batch_of
from shared.uow import UnitOfWork

_BATCH = 100
_BLOCK_OF_PAUSE: dict[str, BlockCause] = {
    "contact_bounced": "contact_bounced",
    "contact_soft_bounced": "contact_soft_bounced",
    "contact_suppressed": "contact_suppressed",
    "contact_gone": "no_product_admin",
    "expiration_missing": "expiration_missing",
}
"""Pauses that clear by themselves when their cause does, and the task each one makes."""
_REFUSALS: frozenset[str] = frozenset({"contract_expired", "manual_entry_required"})


async def reconcile_due(uow: UnitOfWork) -> int:
    """Reconcile the next opportunities in the queue. How many there were."""
    taken = {each.opportunity_id: chain_of(each.cause) for each in await queue.take(uow, _BATCH)}
    own_cause = uow.cause

    async def some(opportunity_ids: Sequence[UUID]) -> None:
        uow.cause = own_cause
        await reconcile(uow, {each: taken[each] for each in opportunity_ids})

    async def quarantine(opportunity_id: UUID, error: Exception) -> None:
        uow.cause = taken[opportunity_id] or own_cause
        await queue.quarantine(uow, opportunity_id, error)

    await isolate_failures(uow, list(taken), some, quarantine)
    uow.cause = own_cause
    return len(taken)


async def reconcile(uow: UnitOfWork, taken: Mapping[UUID, Sequence[Cause]]) -> None:
    """Enter, end, pause, resume, block or unblock, each under the cause that made it due."""
    enabled = await sequences.enabled_sequences(uow)
    context = await load_entry_context(uow, taken, enabled)
    blocks = await Blocks.of(uow, taken)
    requests = await queries.requests_of(uow, taken)
    open_enrollments = await enrollments.open_of_opportunities(uow, taken)
    under_way: dict[UUID, list[EnrollmentContext]] = {}
    for each in await load_enrollment_contexts(uow, open_enrollments):
        under_way.setdefault(each.enrollment.opportunity_id, []).append(each)
    to_plan: list[Enrollment] = []
    own_cause = uow.cause
    for opportunity_id, cause in taken.items():
        uow.cause = tuple(cause) or own_cause
        if opportunity_id not in context.records.opportunities:
            continue
        if _is_held_elsewhere(context, opportunity_id, under_way.get(opportunity_id, [])):
            await queue.enqueue(uow, [opportunity_id])
            continue
        to_plan += await _reconcile_enrollments(
            uow, context, blocks, under_way.get(opportunity_id, [])
        )
        to_plan += await _reconcile_entry(uow, context, blocks, enabled, opportunity_id, requests)
        await _clear_forgotten(blocks, context, enabled, opportunity_id)
        suppression_ends_at = context.suppression_ends_at(opportunity_id)
        if suppression_ends_at is not None:
            await queue.wake(uow, [opportunity_id], suppression_ends_at)
        await uow.flush_events()
    uow.cause = own_cause
    await enrollments.plan(uow, to_plan)
    failed = {each.opportunity_id for each in open_enrollments if each.pause_reason == "failed"}
    await queue.release(uow, taken.keys() - failed)


def _is_held_elsewhere(
    context: EntryContext, opportunity_id: UUID, locked: Sequence[EnrollmentContext]
) -> bool:
    ours = {each.enrollment.id for each in locked}
    return any(
        enrollment.state != "exited" and enrollment.id not in ours
        for enrollment in context.enrollments.get(opportunity_id, [])
    )


async def _reconcile_enrollments(
    uow: UnitOfWork, context: EntryContext, blocks: Blocks, under_way: Sequence[EnrollmentContext]
) -> list[Enrollment]:
    """Those that go on and are to be planned anew."""
    to_plan = []
    for each in under_way:
        enrollment = await enrollments.follow_account(uow, each)
        opportunity_id = enrollment.opportunity_id
        stop = obstacle(each.facts, context.now)
        causes: list[BlockCause] = []
        if isinstance(stop, Exit):
            await enrollments.exit_enrollment(uow, enrollment, stop.reason)
        elif isinstance(stop, Pause):
            causes = [_BLOCK_OF_PAUSE[stop.reason]]
            if enrollment.state == "active" or (
                enrollment.pause_reason in _BLOCK_OF_PAUSE
                and enrollment.pause_reason != stop.reason
            ):
                await enrollments.pause(uow, enrollment, stop.reason)
        elif enrollment.pause_reason in _BLOCK_OF_PAUSE:
            await enrollments.resume(uow, enrollment)
        elif enrollment.state == "active":
            await enrollments.try_held(uow, each)
            to_plan.append(enrollment)
        if causes:
            await blocks.become(
                context.case(each.pinned, opportunity_id),
                causes,
                enrollment_id=enrollment.id,
                contact_id=enrollment.contact_id,
            )
        else:
            await blocks.clear(each.pinned.sequence_id, opportunity_id)
        plan = each.plan
        if plan is not None and plan.send_deadline > context.now:
            await queue.wake(uow, [opportunity_id], plan.send_deadline)
    return to_plan


async def _reconcile_entry(
    uow: UnitOfWork,
    context: EntryContext,
    blocks: Blocks,
    enabled: Sequence[Pinned],
    opportunity_id: UUID,
    requests: set[EntryRequest],
) -> list[Enrollment]:
    """Those that entered. Publishes when what the record's flag asked for is over."""
    entered, refused = [], False
    for pinned in enabled:
        place = pinned.sequence_id, opportunity_id
        is_under_way = any(
            enrollment.state != "exited" for enrollment in context.earlier(pinned, opportunity_id)
        )
        is_called_for = (
            EntryRequest(*place) in requests
            or bool(blocks.causes(*place))
            or context.in_audience(pinned, opportunity_id)
        )
        if is_under_way or not is_called_for:
            await _let_go(uow, context.held.get(place), context.now)
            continue
        case = context.case(pinned, opportunity_id)
        enrollment, too_late = await _reconcile_case(uow, case, blocks, requests)
        entered += [enrollment] if enrollment else []
        refused = refused or too_late
    if not entered:
        _let_flag_be_set_again(uow, context, opportunity_id, requests, refused=refused)
    return entered


async def _reconcile_case(
    uow: UnitOfWork, case: EntryCase, blocks: Blocks, requests: set[EntryRequest]
) -> tuple[Enrollment | None, bool]:
    """What entered, and whether what the record's flag asked for came too late."""
    request = EntryRequest(case.pinned.sequence_id, case.opportunity.id)
    standing = blocks.causes(request.sequence_id, request.opportunity_id)
    entry: EnrollmentEntry = "manual" if request in requests else "audience"
    verdicts = gates(case.facts(entry), case.now)
    may_enter, causes = verdict(verdicts)
    await _wake_with_time(uow, case)
    starts = may_enter or not standing.issuperset(causes)
    if starts and case.held is None and quiet_batch_of(uow.cause) is not None:
        if may_enter or not standing:
            await quiet_entries.hold(
                uow, request.sequence_id, request.opportunity_id, entry, case.now
            )
        await blocks.become(case, [cause for cause in causes if cause in standing])
        return None, False
    enrollment = await enter(uow, case, entry) if may_enter else None
    if not may_enter and not causes:
        causes = _still_refused(case, standing)
    if case.held is not None and case.is_released:
        await _decide(uow, case.held, verdicts, case.now)
    too_late = entry == "manual" and _no_step_is_left(verdicts)
    if may_enter or too_late:
        await queries.forget_requests(uow, request.opportunity_id, request.sequence_id)
        requests.discard(request)
    await blocks.become(case, causes)
    return enrollment, too_late


async def _wake_with_time(uow: UnitOfWork, case: EntryCase) -> None:
    """It is looked at again when time alone changes the verdict, or when its turn comes."""
    instants = [case.next_change_at]
    if case.held is not None and not case.is_released:
        instants.append(case.held.due_at)
    for instant in instants:
        if instant is not None:
            await queue.wake(uow, [case.opportunity.id], instant)


async def _let_go(uow: UnitOfWork, held: QuietEntry | None, now: datetime) -> None:
    if held is not None:
        await quiet_entries.decide(uow, held.id, "let_go", None, now)


async def _decide(
    uow: UnitOfWork, held: QuietEntry, verdicts: Sequence[Gate], now: datetime
) -> None:
    """Its turn came: it entered, or what stood in the way is kept beside it."""
    failed = " ".join(gate.detail for gate in verdicts if not gate.passed)
    status: QuietEntryStatus = "refused" if failed else "entered"
    await quiet_entries.decide(uow, held.id, status, failed or None, now)


def _still_refused(case: EntryCase, standing: set[str]) -> list[BlockCause]:
    """A refused entry by hand stands until the date moves or the opportunity is closed."""
    if standing.isdisjoint(_REFUSALS):
        return []
    _, causes = verdict(gates(case.facts("manual"), case.now))
    return [cause for cause in causes if cause in _REFUSALS & standing]


def _no_step_is_left(verdicts: Sequence[Gate]) -> bool:
    return any(gate.name == STEP_LEFT and not gate.passed for gate in verdicts)


def _let_flag_be_set_again(
    uow: UnitOfWork,
    context: EntryContext,
    opportunity_id: UUID,
    requests: Collection[EntryRequest],
    *,
    refused: bool,
) -> None:
    """What the record's flag asked for is over: it is not in any sequence by hand, nor waits for
    one, though it was or was refused.
    """
    opportunity = context.records.opportunities[opportunity_id]
    waits = any(each.opportunity_id == opportunity_id for each in requests)
    manual = [
        enrollment
        for enrollment in context.enrollments.get(opportunity_id, [])
        if enrollment.entry == "manual"
    ]
    over = refused or (manual and all(enrollment.state == "exited" for enrollment in manual))
    if opportunity.manual_entry and over and not waits:
        uow.publish(
            ManualEntryUsed(opportunity_id=opportunity_id, opportunity_version=opportunity.version)
        )


async def enter(
    uow: UnitOfWork,
    case: EntryCase,
    entry: EnrollmentEntry,
    contact_id: UUID | None = None,
    *,
    send_now: bool = False,
) -> Enrollment | None:
    """By hand an opportunity may be late: steps of past days are not for it, unless the last of
    them is to go now.
    """
    opportunity, account = case.opportunity, case.account
    chosen = contact_id or best_choice(case.choices)
    if account is None or chosen is None or opportunity.contract_expiration is None:
        return None
    return await enrollments.start(
        uow,
        case.pinned,
        opportunity_id=opportunity.id,
        account_id=account.id,
        contact_id=chosen,
        entry=entry,
        floor=case.floor(entry, send_now=send_now),
        anchor=opportunity.contract_expiration,
        earlier=[enrollment.id for enrollment in case.enrollments],
    )


async def _clear_forgotten(
    blocks: Blocks, context: EntryContext, enabled: Sequence[Pinned], opportunity_id: UUID
) -> None:
    """Blocks of sequences that are disabled, with nobody enrolled, stand for nothing."""
    alive = {pinned.sequence_id for pinned in enabled} | {
        enrollment.sequence_id
        for enrollment in context.enrollments.get(opportunity_id, [])
        if enrollment.state != "exited"
    }
    for sequence_id in blocks.sequences_of(opportunity_id) - alive:
        await blocks.clear(sequence_id, opportunity_id)


async def ask_to_enter(uow: UnitOfWork, opportunity_id: UUID) -> None:
    """The record's flag was set: into every enabled sequence that listens to it, once."""
    listening = [
        pinned.sequence_id
        for pinned in await sequences.enabled_sequences(uow)
        if pinned.definition.entry.manual_flag
    ]
    if listening:
        await queries.request_entry(uow, listening, [opportunity_id])


async def withdraw_requests(
    uow: UnitOfWork, opportunity_id: UUID, sequence_id: UUID | None = None
) -> None:
    """Of one sequence, or all of the opportunity."""
    await queries.forget_requests(uow, opportunity_id, sequence_id)


async def publish(uow: UnitOfWork, caller: Caller, sequence_id: UUID) -> SequenceRow:
    """Enabled, the new version is what records enter from now on; its audience is evaluated."""
    await _enqueue_all(uow, sequence_id)
    published = await sequences.publish_sequence(uow, caller, sequence_id)
    if published.state == "enabled":
        await _enqueue_all(uow, sequence_id)
    return published


async def enable(uow: UnitOfWork, sequence_id: UUID) -> SequenceRow:
    """The audience enters, and so does who was flagged before and never entered."""
    enabled = await sequences.set_state(uow, sequence_id, "enabled")
    pinned = await sequences.published(uow, sequence_id)
    if pinned.definition.entry.manual_flag:
        flagged = await records.opportunities_to_enter(uow)
        known = {
            enrollment.opportunity_id
            for enrollment in await enrollments.all_of_opportunities(uow, flagged)
            if enrollment.sequence_id == sequence_id
        }
        fresh = [opportunity_id for opportunity_id in flagged if opportunity_id not in known]
        if fresh:
            await queries.request_entry(uow, [sequence_id], fresh)
            await queue.enqueue(uow, fresh)
    await _enqueue_all(uow, sequence_id)
    return enabled


async def disable(uow: UnitOfWork, sequence_id: UUID) -> SequenceRow:
    """Nobody enters any more. Who is under way goes on."""
    disabled = await sequences.set_state(uow, sequence_id, "disabled")
    await _enqueue_all(uow, sequence_id)
    return disabled


async def archive(uow: UnitOfWork, sequence_id: UUID) -> None:
    """Everyone under way is taken out."""
    await sequences.set_state(uow, sequence_id, "archived")
    await _enqueue_all(uow, sequence_id)


async def _enqueue_all(uow: UnitOfWork, sequence_id: UUID) -> None:
    concerned = set(await enrollments.opportunities_of_sequence(uow, sequence_id))
    concerned.update(await queries.opportunities_blocked_in(uow, sequence_id))
    pinned = await sequences.published_sequence(uow, sequence_id)
    audience = pinned.definition.audience_segment_id if pinned else None
    if audience is not None:
        concerned.update(await records.records_in_segment(uow, audience))
    await queue.enqueue(uow, concerned)
