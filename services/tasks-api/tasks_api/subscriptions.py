"""What this service does when others speak."""

from shared.events.accounts import (
    AccountChanged,
    ManualEntryRefused,
    MemberChanged,
    MemberHandedOver,
    OpportunityChanged,
    WorkspaceChanged,
)
from shared.events.sequences import (
    ContactReplied,
    EnrollmentBlocked,
    EnrollmentUnblocked,
    MessageHeld,
    MessageResolved,
    OpportunityQuarantined,
    OpportunityReleased,
)
from shared.events.sync import ConnectionNeedsReauth, WebhookEndpointDisabled
from shared.feed.subscriptions import Subscriptions
from shared.workspaces import copy_workspace
from tasks_api.notes.note_templates import handlers as note_templates
from tasks_api.notifications import handlers as notifications
from tasks_api.work.tasks import handlers as tasks

SUBSCRIPTIONS = Subscriptions(
    {
        WorkspaceChanged: [copy_workspace, note_templates.on_workspace_changed],
        MemberChanged: [tasks.on_member_changed],
        MemberHandedOver: [tasks.on_member_handed_over],
        AccountChanged: [tasks.on_account_changed],
        OpportunityChanged: [tasks.on_opportunity_changed],
        ManualEntryRefused: [tasks.on_manual_entry_refused],
        EnrollmentBlocked: [tasks.on_enrollment_blocked],
        EnrollmentUnblocked: [tasks.on_enrollment_unblocked],
        MessageHeld: [tasks.on_message_held],
        MessageResolved: [tasks.on_message_resolved],
        OpportunityQuarantined: [tasks.on_opportunity_quarantined],
        OpportunityReleased: [tasks.on_opportunity_released],
        ContactReplied: [notifications.on_contact_replied],
        ConnectionNeedsReauth: [notifications.on_connection_needs_reauth],
        WebhookEndpointDisabled: [notifications.on_webhook_endpoint_disabled],
    }
)
