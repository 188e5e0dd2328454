"""What this service says for the audit log."""

from shared.audit import Audit
from shared.events.tasks import TasksConfigured

audit = Audit(TasksConfigured)
