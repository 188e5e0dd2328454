"""The queue door: what this service does when others speak, and what falls due."""

import asyncio

from sequencer.enrollments.jobs import step_due_enrollments
from sequencer.entry.handlers import (
    on_account_changed,
    on_contact_changed,
    on_member_changed,
    on_opportunity_changed,
    on_segment_changed,
    on_segment_entered,
    on_segment_left,
)
from sequencer.entry.jobs import consider_due_records
from sequencer.inbound.handlers import (
    on_auto_reply_received,
    on_bounce_received,
    on_reply_received,
)
from sequencer.sending.jobs import Dispatcher, recover_lapsed
from sequencer.settings import SequencerSettings
from shared.events.accounts import (
    AccountChanged,
    ContactChanged,
    MemberChanged,
    OpportunityChanged,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
    WorkspaceChanged,
)
from shared.events.sync import AutoReplyReceived, BounceReceived, ReplyReceived
from shared.feed.consumer import Handlers
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker
from shared.workspaces import copy_workspace

HANDLERS: Handlers = {
    WorkspaceChanged: [copy_workspace],
    OpportunityChanged: [on_opportunity_changed],
    AccountChanged: [on_account_changed],
    ContactChanged: [on_contact_changed],
    MemberChanged: [on_member_changed],
    SegmentChanged: [on_segment_changed],
    SegmentEntered: [on_segment_entered],
    SegmentLeft: [on_segment_left],
    BounceReceived: [on_bounce_received],
    ReplyReceived: [on_reply_received],
    AutoReplyReceived: [on_auto_reply_received],
}


def loops(service: Service) -> list[Loop]:
    dispatcher = Dispatcher(SequencerSettings())
    return [
        *feed_loops(service, HANDLERS),
        Loop("agenda", consider_due_records),
        Loop("due steps", step_due_enrollments),
        Loop("send", dispatcher.step),
        Loop("recovery", recover_lapsed, every=5.0),
    ]


async def main() -> None:
    service = Service.build("sequencer", Settings())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())
