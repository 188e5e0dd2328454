"""Every feature's tables in one import, for Alembic."""

from sequencer.db import CALENDARS, FORMER_KEYS, FOUNDATION, Base
from sequencer.mail.bounces import models as bounces
from sequencer.mail.mailboxes import models as mailboxes
from sequencer.mail.messages import models as messages
from sequencer.mail.suppressions import models as suppressions
from sequencer.replica import models as replica
from sequencer.sequences.enrollments import models as enrollments
from sequencer.sequences.entry import models as entry
from sequencer.sequences.quiet_entries import models as quiet_entries
from sequencer.sequences.reevaluation_queue import models as reevaluation_queue
from sequencer.sequences.sequences import models as sequences

__all__ = [
    "CALENDARS",
    "FORMER_KEYS",
    "FOUNDATION",
    "Base",
    "bounces",
    "enrollments",
    "entry",
    "mailboxes",
    "messages",
    "quiet_entries",
    "reevaluation_queue",
    "replica",
    "sequences",
    "suppressions",
]
