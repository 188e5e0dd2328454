"""Every feature's tables in one import, for Alembic."""

from sync_worker.connections.models import Connection, ConnectionToken
from sync_worker.db import FOUNDATION, Base
from sync_worker.pulls.models import SourceRecord, SyncWindow
from sync_worker.runs.models import SyncRun
from sync_worker.salesforce.models import DescribedObject

__all__ = [
    "FOUNDATION",
    "Base",
    "Connection",
    "ConnectionToken",
    "DescribedObject",
    "SourceRecord",
    "SyncRun",
    "SyncWindow",
]
