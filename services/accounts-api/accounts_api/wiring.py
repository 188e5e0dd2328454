"""What the features of this service do for each other, for both processes: those below call, and
know none of those above.
"""

from typing import Final

from accounts_api.assignments import service as assignments
from accounts_api.assignments import standing as assignment
from accounts_api.deactivation import service as deactivation
from accounts_api.deactivation import standing as deactivated
from accounts_api.hand_overs import service as hand_overs
from accounts_api.key_roles.service import KeyRoleHooks
from accounts_api.lifecycle import service as lifecycle
from accounts_api.lifecycle import standing as status
from accounts_api.members.service import MemberHooks
from accounts_api.product_events import service as product_events
from accounts_api.reading.parts import OfferedParts
from accounts_api.records.hooks import RecordHooks
from accounts_api.segments import membership, stays
from accounts_api.segments import service as segments
from accounts_api.traits import formulas, nulls, working_out
from accounts_api.watching import service as watching
from accounts_api.watching.owners import Owner, Owners
from shared.uow import Wiring

WIRING: Final[Wiring] = (
    RecordHooks(
        on_changes=(
            watching.note_changes,
            segments.follow_merges,
            product_events.follow_records,
        ),
        where_used=(
            watching.where_used,
            assignments.users_of,
        ),
    ),
    Owners(
        {
            deactivation.KIND: Owner(
                deactivated.judge, deactivated.users, deactivated.set_aside, deactivated.gives
            ),
            formulas.KIND: Owner(
                working_out.judge, working_out.users, working_out.set_aside, working_out.gives
            ),
            lifecycle.KIND: Owner(status.judge, status.users, status.set_aside, status.gives),
            segments.KIND: Owner(
                membership.judge, membership.users, membership.set_aside, membership.gives
            ),
            assignment.KIND: Owner(
                assignment.judge, assignment.users, assignment.set_aside, assignment.gives
            ),
        }
    ),
    KeyRoleHooks(on_deletion=(assignments.forget,)),
    MemberHooks(before_deactivation=(hand_overs.must_hold_nothing,)),
    OfferedParts(
        stored={"segments": stays.SEGMENTS_OF},
        worked_out={nulls.PART: nulls.of_records},
    ),
)
