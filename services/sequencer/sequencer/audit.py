"""What this service says for the audit log."""

from shared.audit import Audit
from shared.events.sequences import SequencerConfigured

audit = Audit(SequencerConfigured)
