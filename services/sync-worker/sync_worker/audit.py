"""What this service says for the audit log."""

from shared.audit import Audit
from shared.events.sync import SyncConfigured

audit = Audit(SyncConfigured)
