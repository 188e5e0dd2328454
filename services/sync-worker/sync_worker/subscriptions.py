"""What this service does when others speak."""

from shared.calendars import copy_calendar
from shared.events.accounts import (
    CalendarChanged,
    ContactChanged,
    OpportunityChanged,
    WorkspaceChanged,
)
from shared.feed.subscriptions import Subscriptions
from shared.workspaces import copy_workspace
from sync_worker.crm_sync.write_backs import handlers as write_back_handlers
from sync_worker.mail.mailbox import handlers as mailbox_handlers
from sync_worker.partners.webhook_deliveries.handlers import tell_partners

SUBSCRIPTIONS = Subscriptions(
    {
        WorkspaceChanged: [copy_workspace],
        CalendarChanged: [copy_calendar],
        ContactChanged: [mailbox_handlers.on_contact_changed],
        OpportunityChanged: [write_back_handlers.on_opportunity_changed],
    },
    on_any=tell_partners,
)
