"""What changes about records elsewhere is copied here, and evaluated."""

from sequencer.mail.messages import service as messages
from sequencer.replica import service as records
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.entry import service as entry
from sequencer.sequences.reevaluation_queue import service as queue
from shared.calendars import copy_calendar
from shared.events.accounts import (
    AccountChanged,
    CalendarChanged,
    ContactChanged,
    MemberChanged,
    OpportunityChanged,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
    WorkspaceChanged,
)
from shared.events.traits import MovingFieldsChanged
from shared.uow import UnitOfWork
from shared.workspaces import copy_workspace, known_zone

_FLAG = "manually_enter_renewal_sequence"


async def on_opportunity_changed(uow: UnitOfWork, event: OpportunityChanged) -> None:
    if not await records.copy_opportunity(uow, event):
        return
    if not event.record.manually_enter_renewal_sequence:
        await entry.withdraw_requests(uow, event.id)
    elif _FLAG in event.changed or event.change == "created":
        await entry.ask_to_enter(uow, event.id)
    await queue.enqueue(uow, [event.id])


async def on_account_changed(uow: UnitOfWork, event: AccountChanged) -> None:
    if await records.copy_account(uow, event):
        await queue.enqueue(uow, await records.opportunities_of_accounts(uow, [event.id]))


async def on_workspace_changed(uow: UnitOfWork, event: WorkspaceChanged) -> None:
    """Its days begin at other instants in another zone: what has not left is planned again."""
    before = await known_zone(uow)
    await copy_workspace(uow, event)
    if before is not None and await known_zone(uow) != before:
        await queue.enqueue(uow, await enrollments.opportunities_under_way(uow))


async def on_calendar_changed(uow: UnitOfWork, event: CalendarChanged) -> None:
    """Business days of the workspace are others: what has not left is planned again."""
    if await copy_calendar(uow, event) and event.default:
        await queue.enqueue(uow, await enrollments.opportunities_under_way(uow))


async def on_contact_changed(uow: UnitOfWork, event: ContactChanged) -> None:
    """Opportunities of the accounts it belonged to and of those it belongs to now."""
    before = await records.opportunities_of_contacts(uow, [event.id])
    if not await records.copy_contact(uow, event):
        return
    if event.change == "merged" and event.merged_into is not None:
        await enrollments.replace_merged_contact(uow, event.id, event.merged_into)
    after = await records.opportunities_of_contacts(uow, [event.id])
    await queue.enqueue(uow, {*before, *after})


async def on_member_changed(uow: UnitOfWork, event: MemberChanged) -> None:
    """Mails that waited because their sender had left go on when they are back."""
    before = (await records.members(uow, [event.id])).get(event.id)
    if not await records.copy_member(uow, event):
        return
    if before is not None and not before.active and event.active:
        await messages.release_held(uow, "sender_inactive")


async def on_moving_fields_changed(uow: UnitOfWork, event: MovingFieldsChanged) -> None:
    await records.copy_moving_fields(uow, event)


async def on_segment_changed(uow: UnitOfWork, event: SegmentChanged) -> None:
    await records.copy_segment(uow, event)


async def on_segment_entered(uow: UnitOfWork, event: SegmentEntered) -> None:
    await records.enter_segment(uow, event)
    await _enqueue_member(uow, event)


async def on_segment_left(uow: UnitOfWork, event: SegmentLeft) -> None:
    await records.leave_segment(uow, event)
    await _enqueue_member(uow, event)


async def _enqueue_member(uow: UnitOfWork, event: SegmentEntered | SegmentLeft) -> None:
    if event.record_type == "opportunity":
        await queue.enqueue(uow, [event.record_id])
    elif event.record_type == "account":
        concerned = await records.opportunities_of_accounts(uow, [event.record_id])
        await queue.enqueue(uow, concerned)
