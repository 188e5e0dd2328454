"""Every feature's tables in one import, for Alembic."""

from sync_worker.connections.models import Connection, ConnectionToken
from sync_worker.crm_sync.source_records.models import SourceRecord
from sync_worker.crm_sync.write_backs.models import WriteBack
from sync_worker.db import FOUNDATION, Base
from sync_worker.mail.mailbox.models import ContactAddress, MailFolder, MailSeen, RejectedMail
from sync_worker.partners.partner_events.models import FeedFloor, PartnerEvent
from sync_worker.partners.webhook_deliveries.models import WebhookAttempt, WebhookDelivery
from sync_worker.partners.webhooks.models import WebhookEndpoint, WebhookSecret
from sync_worker.runner.runs.models import SyncRun
from sync_worker.runner.streams.models import DescribedObject, SyncStream

__all__ = [
    "FOUNDATION",
    "Base",
    "Connection",
    "ConnectionToken",
    "ContactAddress",
    "DescribedObject",
    "FeedFloor",
    "MailFolder",
    "MailSeen",
    "PartnerEvent",
    "RejectedMail",
    "SourceRecord",
    "SyncRun",
    "SyncStream",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
    "WriteBack",
]
