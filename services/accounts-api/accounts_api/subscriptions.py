"""What this service does when others speak."""

from accounts_api.customers.contacts.handlers import on_contact_bounced, on_contact_unsubscribed
from accounts_api.customers.opportunities.handlers import on_manual_entry_used, on_message_sent
from accounts_api.customers.trait_usages.handlers import on_trait_cleared
from accounts_api.identity.audit_log.handlers import on_configuration_changed
from accounts_api.records.field_owners.handlers import on_field_owners_changed
from accounts_api.signals.event_names.handlers import on_product_events_watched
from accounts_api.signals.touches.handlers import (
    on_contact_replied,
    on_mail_received,
    on_note_touched,
)
from accounts_api.signals.touches.handlers import on_message_sent as on_touch_by_message
from shared.events.sequences import (
    ContactBounced,
    ContactReplied,
    ContactUnsubscribed,
    ManualEntryUsed,
    MessageSent,
    SequencerConfigured,
)
from shared.events.sync import (
    FieldOwnersChanged,
    PersonalMailReceived,
    ReplyReceived,
    SyncConfigured,
    SyncWatchesProductEvents,
)
from shared.events.tasks import NoteTouched, TasksConfigured, TraitCleared
from shared.feed.subscriptions import Subscriptions

SUBSCRIPTIONS = Subscriptions(
    {
        ContactBounced: [on_contact_bounced],
        ContactReplied: [on_contact_replied],
        ContactUnsubscribed: [on_contact_unsubscribed],
        FieldOwnersChanged: [on_field_owners_changed],
        ManualEntryUsed: [on_manual_entry_used],
        MessageSent: [on_message_sent, on_touch_by_message],
        NoteTouched: [on_note_touched],
        PersonalMailReceived: [on_mail_received],
        ReplyReceived: [on_mail_received],
        TraitCleared: [on_trait_cleared],
        TasksConfigured: [on_configuration_changed],
        SequencerConfigured: [on_configuration_changed],
        SyncConfigured: [on_configuration_changed],
        SyncWatchesProductEvents: [on_product_events_watched],
    }
)
