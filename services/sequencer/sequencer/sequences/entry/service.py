"""Who enters, who cannot and why. `consider` looks at a record as it is now, whatever changed, so
that it does not matter in which order changes were heard, or how often.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

from sequencer.replica import service as records
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import Situation, situations_of
from sequencer.sequences.enrollments.rules import End, Entry, Pause, obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry import queries
from sequencer.sequences.entry.blocks import Blocks
from sequencer.sequences.entry.context import Scene, scene_of
from sequencer.sequences.entry.rules import STEP_LEFT, Gate, best_choice, gates, verdict
from sequencer.sequences.reevaluation_queue import service as agenda
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.models import Sequence as SequenceRow
from sequencer.sequences.sequences.versions import Pinned
from shared.auth import Caller
from shared.batches import each_at_its_own_risk
from shared.events.base import Cause
from shared.events.sequences import BlockCause, ManualEntryUsed
from shared.uow import UnitOfWork

_BATCH = 100
_BLOCK_OF_PAUSE: dict[str, BlockCause] = {
    "contact_bounced": "contact_bounced",
    "contact_resting": "contact_resting",
    "contact_suppressed": "contact_suppressed",
    "contact_gone": "no_product_admin",
    "expiration_missing": "expiration_missing",
}
"""Pauses that clear by themselves when their cause does, and the task each one makes."""
_REFUSALS: frozenset[str] = frozenset({"contract_expired", "manual_entry_required"})


async def consider_due(uow: UnitOfWork) -> int:
    """Look at the next records on the agenda. How many there were."""
    taken = await agenda.take(uow, _BATCH)

    async def some(record_ids: Sequence[UUID]) -> None:
        await consider(uow, {record_id: taken[record_id] for record_id in record_ids})

    await each_at_its_own_risk(uow, list(taken), some, partial(agenda.set_aside, uow))
    return len(taken)


async def consider(uow: UnitOfWork, taken: Mapping[UUID, Sequence[Mapping[str, str]]]) -> None:
    """Enter, end, pause, resume, block or unblock, each under the cause that made us look."""
    enabled = await sequences.enabled(uow)
    scene = await scene_of(uow, taken, enabled)
    blocks = await Blocks.of(uow, taken)
    requests = await queries.requests_of(uow.session, uow.workspace_id, taken)
    open_ones = await enrollments.open_of_records(uow, taken)
    by_record: dict[UUID, list[Situation]] = {}
    for situation in await situations_of(uow, open_ones):
        by_record.setdefault(situation.enrollment.record_id, []).append(situation)
    to_plan: list[Enrollment] = []
    own_cause = uow.cause
    for record_id, cause in taken.items():
        uow.cause = tuple(Cause.model_validate(link) for link in cause) or own_cause
        if record_id not in scene.opportunities:
            continue
        if _is_held_elsewhere(scene, record_id, by_record.get(record_id, [])):
            await agenda.look_again(uow, [record_id])
            continue
        to_plan += await _consider_open(uow, scene, blocks, by_record.get(record_id, []))
        to_plan += await _consider_entry(uow, scene, blocks, enabled, record_id, requests)
        await _clear_forgotten(blocks, scene, enabled, record_id)
        rested_at = scene.rested_at(record_id)
        if rested_at is not None:
            await agenda.look_again(uow, [record_id], rested_at)
        await uow.flush_events()
    uow.cause = own_cause
    await enrollments.plan(uow, to_plan)
    failed = {one.record_id for one in open_ones if one.pause_reason == "failed"}
    await agenda.take_up(uow, taken.keys() - failed)


def _is_held_elsewhere(scene: Scene, record_id: UUID, locked: Sequence[Situation]) -> bool:
    ours = {situation.enrollment.id for situation in locked}
    return any(
        one.state != "ended" and one.id not in ours for one in scene.enrollments.get(record_id, [])
    )


async def _consider_open(
    uow: UnitOfWork, scene: Scene, blocks: Blocks, situations: Sequence[Situation]
) -> list[Enrollment]:
    """Those that go on and are to be planned anew."""
    to_plan = []
    for situation in situations:
        enrollment = await enrollments.follow_account(uow, situation)
        record_id = enrollment.record_id
        found = obstacle(situation.standing, scene.now)
        causes: list[BlockCause] = []
        if isinstance(found, End):
            await enrollments.end(uow, enrollment, found.reason)
        elif isinstance(found, Pause):
            causes = [_BLOCK_OF_PAUSE[found.reason]]
            if enrollment.state == "active" or (
                enrollment.pause_reason in _BLOCK_OF_PAUSE
                and enrollment.pause_reason != found.reason
            ):
                await enrollments.pause(uow, enrollment, found.reason)
        elif enrollment.pause_reason in _BLOCK_OF_PAUSE:
            await enrollments.resume(uow, enrollment)
        elif enrollment.state == "active":
            await enrollments.try_held(uow, situation)
            to_plan.append(enrollment)
        await blocks.become(
            scene,
            situation.pinned,
            record_id,
            causes,
            enrollment_id=enrollment.id,
            contact_id=enrollment.contact_id,
        )
        plan = situation.plan
        if plan is not None and plan.last_start > scene.now:
            await agenda.look_again(uow, [record_id], plan.last_start)
    return to_plan


async def _consider_entry(
    uow: UnitOfWork,
    scene: Scene,
    blocks: Blocks,
    enabled: Sequence[Pinned],
    record_id: UUID,
    requests: set[tuple[UUID, UUID]],
) -> list[Enrollment]:
    """Those that entered. Tells when what the record's flag asked for is over."""
    entered, refused = [], False
    for pinned in enabled:
        if any(one.state != "ended" for one in scene.earlier(pinned, record_id)):
            continue
        request = (pinned.sequence_id, record_id)
        standing = blocks.causes(pinned.sequence_id, record_id)
        if not (request in requests or standing or scene.in_audience(pinned, record_id)):
            continue
        entry: Entry = "manual" if request in requests else "audience"
        found = gates(scene.facts(pinned, record_id, entry), scene.now)
        may_enter, causes = verdict(found)
        too_late = entry == "manual" and _no_step_is_left(found)
        if may_enter:
            made = await enter(uow, scene, pinned, record_id, entry)
            entered += [made] if made else []
        elif not causes:
            causes = _still_refused(scene, pinned, record_id, standing)
        if may_enter or too_late:
            await queries.forget_requests(
                uow.session, uow.workspace_id, record_id, pinned.sequence_id
            )
            requests.discard(request)
        if too_late:
            refused = True
        await blocks.become(scene, pinned, record_id, causes, contact_id=None)
        flip = scene.next_flip(pinned, record_id)
        if flip is not None:
            await agenda.look_again(uow, [record_id], flip)
    if not entered:
        _let_flag_be_set_again(uow, scene, record_id, requests, refused=refused)
    return entered


def _still_refused(
    scene: Scene, pinned: Pinned, record_id: UUID, standing: set[str]
) -> list[BlockCause]:
    """A refused entry by hand stands until the date moves or the opportunity is closed."""
    if standing.isdisjoint(_REFUSALS):
        return []
    _, causes = verdict(gates(scene.facts(pinned, record_id, "manual"), scene.now))
    return [cause for cause in causes if cause in _REFUSALS & standing]


def _no_step_is_left(found: Sequence[Gate]) -> bool:
    return any(gate.name == STEP_LEFT and not gate.passed for gate in found)


def _let_flag_be_set_again(
    uow: UnitOfWork,
    scene: Scene,
    record_id: UUID,
    requests: Collection[tuple[UUID, UUID]],
    *,
    refused: bool,
) -> None:
    """What the record's flag asked for is over: it is not in any sequence by hand, nor waits for
    one, though it was or was refused.
    """
    opportunity = scene.opportunities[record_id]
    waits = any(wanted == record_id for _, wanted in requests)
    by_hand = [one for one in scene.enrollments.get(record_id, []) if one.entry == "manual"]
    over = refused or (by_hand and all(one.state == "ended" for one in by_hand))
    if opportunity.enter_by_hand and over and not waits:
        uow.publish(
            ManualEntryUsed(opportunity_id=record_id, opportunity_version=opportunity.version)
        )


async def enter(
    uow: UnitOfWork,
    scene: Scene,
    pinned: Pinned,
    record_id: UUID,
    entry: Entry,
    contact_id: UUID | None = None,
    *,
    send_now: bool = False,
) -> Enrollment | None:
    """By hand a record may be late: steps of past days are not for it, unless the last of them is
    to go now.
    """
    opportunity, account = scene.opportunities[record_id], scene.account_of(record_id)
    choices = [choice for _, _, choice in scene.ranked(pinned, record_id)]
    chosen = contact_id or best_choice(choices)
    if account is None or chosen is None or opportunity.contract_expiration is None:
        return None
    return await enrollments.start(
        uow,
        pinned,
        record_id=record_id,
        account_id=account.id,
        contact_id=chosen,
        entry=entry,
        floor=scene.today(pinned, record_id) if entry == "manual" and not send_now else None,
        anchor=opportunity.contract_expiration,
        earlier=[one.id for one in scene.earlier(pinned, record_id)],
    )


async def _clear_forgotten(
    blocks: Blocks, scene: Scene, enabled: Sequence[Pinned], record_id: UUID
) -> None:
    """Blocks of sequences that are disabled, with nobody enrolled, stand for nothing."""
    alive = {pinned.sequence_id for pinned in enabled} | {
        one.sequence_id for one in scene.enrollments.get(record_id, []) if one.state != "ended"
    }
    for sequence_id in blocks.sequences_of(record_id) - alive:
        await blocks.clear(sequence_id, record_id)


async def ask_to_enter(uow: UnitOfWork, record_id: UUID) -> None:
    """The record's flag was set: into every enabled sequence that listens to it, once."""
    listening = [
        pinned.sequence_id
        for pinned in await sequences.enabled(uow)
        if pinned.definition.entry.manual_flag
    ]
    if listening:
        await queries.request_entry(
            uow.session, uow.workspace_id, listening, [record_id], await uow.now()
        )


async def withdraw_requests(uow: UnitOfWork, record_id: UUID) -> None:
    await queries.forget_requests(uow.session, uow.workspace_id, record_id)


async def publish(uow: UnitOfWork, caller: Caller, sequence_id: UUID) -> SequenceRow:
    """Enabled, the new version is what records enter from now on; its audience is looked at."""
    await _look_at_all(uow, sequence_id)
    published = await sequences.publish_sequence(uow, caller, sequence_id)
    if published.state == "enabled":
        await _look_at_all(uow, sequence_id)
    return published


async def enable(uow: UnitOfWork, sequence_id: UUID) -> SequenceRow:
    """The audience enters, and so does who was flagged before and never entered."""
    enabled = await sequences.set_state(uow, sequence_id, "enabled")
    pinned = await sequences.published(uow, sequence_id)
    if pinned.definition.entry.manual_flag:
        flagged = await records.opportunities_to_enter(uow)
        known = {
            one.record_id
            for one in await enrollments.all_of_records(uow, flagged)
            if one.sequence_id == sequence_id
        }
        fresh = [record_id for record_id in flagged if record_id not in known]
        if fresh:
            await queries.request_entry(
                uow.session, uow.workspace_id, [sequence_id], fresh, await uow.now()
            )
            await agenda.look_again(uow, fresh)
    await _look_at_all(uow, sequence_id)
    return enabled


async def disable(uow: UnitOfWork, sequence_id: UUID) -> SequenceRow:
    """Nobody enters any more. Who is under way goes on."""
    disabled = await sequences.set_state(uow, sequence_id, "disabled")
    await _look_at_all(uow, sequence_id)
    return disabled


async def archive(uow: UnitOfWork, sequence_id: UUID) -> None:
    """Everyone under way is taken out."""
    await sequences.set_state(uow, sequence_id, "archived")
    await _look_at_all(uow, sequence_id)


async def _look_at_all(uow: UnitOfWork, sequence_id: UUID) -> None:
    concerned = set(await enrollments.records_of_sequence(uow, sequence_id))
    concerned.update(await queries.records_blocked_in(uow.session, uow.workspace_id, sequence_id))
    pinned = await sequences.published_if_readable(uow, sequence_id)
    audience = pinned.definition.audience_segment_id if pinned else None
    if audience is not None:
        concerned.update(await records.records_in_segment(uow, audience))
    await agenda.look_again(uow, concerned)
