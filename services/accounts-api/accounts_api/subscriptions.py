"""What this service does when others speak."""

from accounts_api.customers.contacts.handlers import on_contact_bounced, on_contact_unsubscribed
from accounts_api.customers.opportunities.handlers import on_manual_entry_used, on_message_sent
from accounts_api.customers.trait_usages.handlers import on_trait_cleared
from accounts_api.identity.audit_log.handlers import on_configuration_changed
from accounts_api.records.field_owners.handlers import on_field_owners_changed
from accounts_api.signals.event_names.handlers import on_product_events_watched
from shared.events.sequences import (
    ContactBounced,
    ContactUnsubscribed,
    ManualEntryUsed,
    MessageSent,
    SequencerConfigured,
)
from shared.events.sync import FieldOwnersChanged, SyncConfigured, SyncWatchesProductEvents
from shared.events.tasks import TasksConfigured, TraitCleared
from shared.feed.subscriptions import Subscriptions

SUBSCRIPTIONS = Subscriptions(
    {
        ContactBounced: [on_contact_bounced],
        ContactUnsubscribed: [on_contact_unsubscribed],
        FieldOwnersChanged: [on_field_owners_changed],
        ManualEntryUsed: [on_manual_entry_used],
        MessageSent: [on_message_sent],
        TraitCleared: [on_trait_cleared],
        TasksConfigured: [on_configuration_changed],
        SequencerConfigured: [on_configuration_changed],
        SyncConfigured: [on_configuration_changed],
        SyncWatchesProductEvents: [on_product_events_watched],
    }
)
