"""What this service does when others speak."""

from shared.events.accounts import (
    AccountChanged,
    CalendarChanged,
    ContactChanged,
    ManualEntryRefused,
    MemberChanged,
    MemberHandedOver,
    ObjectChanged,
    OpportunityChanged,
    OrganizationChanged,
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
from shared.events.signals.indicators import (
    IndicatorCleared,
    IndicatorOpened,
    IndicatorReassigned,
    IndicatorReopened,
)
from shared.events.sync import ConnectionNeedsReauth, WebhookEndpointDisabled
from shared.events.traits import TraitChanged
from shared.feed.subscriptions import Subscriptions
from tasks_api.notes.note_templates import handlers as note_templates
from tasks_api.notifications import handlers as notifications
from tasks_api.records.traits import handlers as traits
from tasks_api.subjects import handlers as subjects
from tasks_api.work.due_instants import handlers as due_instants
from tasks_api.work.indicator_tasks import handlers as indicator_tasks
from tasks_api.work.task_causes import handlers as task_causes
from tasks_api.work.tasks import handlers as tasks

SUBSCRIPTIONS = Subscriptions(
    {
        WorkspaceChanged: [due_instants.on_workspace_changed, note_templates.on_workspace_changed],
        CalendarChanged: [due_instants.on_calendar_changed],
        TraitChanged: [traits.on_trait_changed],
        MemberChanged: [due_instants.on_member_changed],
        MemberHandedOver: [tasks.on_member_handed_over],
        OrganizationChanged: [subjects.on_organization_changed],
        AccountChanged: [tasks.on_account_changed, subjects.on_account_changed],
        ContactChanged: [subjects.on_contact_changed],
        OpportunityChanged: [task_causes.on_opportunity_changed, subjects.on_opportunity_changed],
        ObjectChanged: [subjects.on_object_changed],
        ManualEntryRefused: [task_causes.on_manual_entry_refused],
        EnrollmentBlocked: [task_causes.on_enrollment_blocked],
        EnrollmentUnblocked: [task_causes.on_enrollment_unblocked],
        MessageHeld: [task_causes.on_message_held],
        MessageResolved: [task_causes.on_message_resolved],
        OpportunityQuarantined: [task_causes.on_opportunity_quarantined],
        OpportunityReleased: [task_causes.on_opportunity_released],
        IndicatorOpened: [indicator_tasks.on_indicator_opened],
        IndicatorReopened: [indicator_tasks.on_indicator_reopened],
        IndicatorReassigned: [indicator_tasks.on_indicator_reassigned],
        IndicatorCleared: [indicator_tasks.on_indicator_cleared],
        ContactReplied: [notifications.on_contact_replied],
        ConnectionNeedsReauth: [notifications.on_connection_needs_reauth],
        WebhookEndpointDisabled: [notifications.on_webhook_endpoint_disabled],
    }
)
