from typing import Any, Final

from sequencer.keys import SEQUENCE_KEYS
from sequencer.sequences.enrollment_lists.rules import ENROLLMENT
from sequencer.sequences.enrollments.models import enrollments
from sequencer.sequences.enrollments.schemas import Enrollment
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

LISTED: Final = Listed(
    ENROLLMENT,
    "enrollments",
    enrollments,
    Enrollment,
    newest_first=True,
    keys={"sequence_id": SEQUENCE_KEYS},
)


async def enrollments_page(
    uow: UnitOfWork, query: ListQuery, signer: CursorSigner
) -> dict[str, Any]:
    """Raises `Invalid` for a faulty rule or order."""
    return await page(uow, LISTED, query, signer)
