"""What the areas of this service do for each other, for both processes: those below call, and know
none of those above.
"""

from typing import Final

from sequencer.mail.origins.service import Origins
from sequencer.sequences.mail_origin.service import EnrollmentOrigins
from shared.uow import Wiring

WIRING: Final[Wiring] = (Origins({"enrollment": EnrollmentOrigins()}),)
