"""What this service does when others speak."""

from sequencer.mail.inbound.handlers import (
    on_auto_reply_received,
    on_bounce_received,
    on_personal_mail_received,
    on_reply_received,
)
from sequencer.sequences.entry.handlers import (
    on_account_changed,
    on_calendar_changed,
    on_contact_changed,
    on_member_changed,
    on_moving_fields_changed,
    on_opportunity_changed,
    on_segment_changed,
    on_segment_entered,
    on_segment_left,
    on_workspace_changed,
)
from sequencer.sequences.quiet_entries.service import (
    on_quiet_batch_opened,
    on_quiet_rows_written,
)
from shared.events.accounts import (
    AccountChanged,
    CalendarChanged,
    ContactChanged,
    MemberChanged,
    OpportunityChanged,
    QuietBatchOpened,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
    WorkspaceChanged,
)
from shared.events.sync import (
    AutoReplyReceived,
    BounceReceived,
    PersonalMailReceived,
    ReplyReceived,
)
from shared.events.tasks import QuietRowsWritten
from shared.events.traits import MovingFieldsChanged
from shared.feed.subscriptions import Subscriptions

SUBSCRIPTIONS = Subscriptions(
    {
        WorkspaceChanged: [on_workspace_changed],
        CalendarChanged: [on_calendar_changed],
        OpportunityChanged: [on_opportunity_changed],
        AccountChanged: [on_account_changed],
        ContactChanged: [on_contact_changed],
        MemberChanged: [on_member_changed],
        MovingFieldsChanged: [on_moving_fields_changed],
        QuietBatchOpened: [on_quiet_batch_opened],
        QuietRowsWritten: [on_quiet_rows_written],
        SegmentChanged: [on_segment_changed],
        SegmentEntered: [on_segment_entered],
        SegmentLeft: [on_segment_left],
        BounceReceived: [on_bounce_received],
        ReplyReceived: [on_reply_received],
        PersonalMailReceived: [on_personal_mail_received],
        AutoReplyReceived: [on_auto_reply_received],
    }
)
