"""Every feature's tables in one import, for Alembic."""

from sequencer.agenda import models as agenda
from sequencer.bounces import models as bounces
from sequencer.db import FOUNDATION, Base
from sequencer.enrollments import models as enrollments
from sequencer.entry import models as entry
from sequencer.mailboxes import models as mailboxes
from sequencer.messages import models as messages
from sequencer.records import models as records
from sequencer.sequences import models as sequences
from sequencer.suppressions import models as suppressions

__all__ = [
    "FOUNDATION",
    "Base",
    "agenda",
    "bounces",
    "enrollments",
    "entry",
    "mailboxes",
    "messages",
    "records",
    "sequences",
    "suppressions",
]
