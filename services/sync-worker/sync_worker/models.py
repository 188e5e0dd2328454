"""Every feature's tables in one import, for Alembic."""

from sync_worker.connections.models import Connection, ConnectionToken
from sync_worker.db import FOUNDATION, Base
from sync_worker.mailbox.models import ContactAddress, MailFolder, MailSeen, ParkedMail
from sync_worker.partner_events.models import FeedFloor, PartnerEvent
from sync_worker.pulls.models import SourceRecord, SyncWindow
from sync_worker.runs.models import SyncRun
from sync_worker.salesforce.models import DescribedObject
from sync_worker.webhook_deliveries.models import WebhookAttempt, WebhookDelivery
from sync_worker.webhooks.models import WebhookEndpoint, WebhookSecret
from sync_worker.write_backs.models import WriteBack

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
    "ParkedMail",
    "PartnerEvent",
    "SourceRecord",
    "SyncRun",
    "SyncWindow",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
    "WriteBack",
]
