"""Every feature's tables in one import, for Alembic."""

from sync_worker.connections.models import connection_tokens, connections
from sync_worker.crm_sync.source_records.models import source_records
from sync_worker.crm_sync.write_backs.models import write_backs
from sync_worker.db import CALENDARS, FORMER_KEYS, FOUNDATION, Base
from sync_worker.mail.mailbox.models import (
    contact_addresses,
    mail_folders,
    mails_seen,
    rejected_mails,
)
from sync_worker.partners.partner_events.models import partner_events, partner_feed_floors
from sync_worker.partners.webhook_deliveries.models import webhook_attempts, webhook_deliveries
from sync_worker.partners.webhooks.models import webhook_endpoints, webhook_secrets
from sync_worker.runner.runs.models import sync_runs
from sync_worker.runner.streams.models import described_objects, sync_streams

__all__ = [
    "CALENDARS",
    "FORMER_KEYS",
    "FOUNDATION",
    "Base",
    "connection_tokens",
    "connections",
    "contact_addresses",
    "described_objects",
    "mail_folders",
    "mails_seen",
    "partner_events",
    "partner_feed_floors",
    "rejected_mails",
    "source_records",
    "sync_runs",
    "sync_streams",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_secrets",
    "write_backs",
]
