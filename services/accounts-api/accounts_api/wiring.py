"""What the features of this service do for each other, for both processes: those below call, and
know none of those above.
"""

from typing import Final

from accounts_api.automation.assignments import evaluation as assignment
from accounts_api.automation.assignments import service as assignments
from accounts_api.automation.deactivation import evaluation as deactivation
from accounts_api.automation.handovers import service as handovers
from accounts_api.automation.lifecycle import evaluation as lifecycle
from accounts_api.automation.segments import evaluation as membership
from accounts_api.automation.segments import memberships
from accounts_api.automation.segments import service as segments
from accounts_api.customers.key_roles.service import KeyRoleHooks
from accounts_api.customers.querying.includes import ExtraIncludes
from accounts_api.customers.references.service import ReferenceHooks
from accounts_api.customers.traits import evaluation as formula_values
from accounts_api.customers.traits import formulas, nulls
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.engine.evaluators import Owner, Owners
from accounts_api.identity.members.service import MemberHooks
from accounts_api.identity.workspaces.service import WorkspaceHooks
from accounts_api.records.store.hooks import RecordHooks
from accounts_api.signals.product_events import service as product_events
from shared.uow import Wiring

WIRING: Final[Wiring] = (
    RecordHooks(
        on_changes=(
            watching.note_changes,
            segments.follow_merges,
            product_events.follow_records,
        ),
        find_usages=(
            watching.find_usages,
            assignments.users_of,
        ),
    ),
    Owners(
        {
            deactivation.RULES.kind: deactivation.RULES.evaluator(
                deactivation.judge, deactivation.gives
            ),
            formulas.KIND: Owner(
                formula_values.judge,
                formula_values.users,
                formula_values.set_aside,
                formula_values.gives,
            ),
            lifecycle.RULES.kind: lifecycle.RULES.evaluator(lifecycle.judge, lifecycle.gives),
            segments.KIND: Owner(
                membership.judge, membership.users, membership.set_aside, membership.gives
            ),
            assignment.RULES.kind: assignment.RULES.evaluator(assignment.judge, assignment.gives),
        }
    ),
    WorkspaceHooks(on_calendar_change=(watching.follow_calendar,)),
    ReferenceHooks(segments=segments.those_of),
    KeyRoleHooks(on_deletion=(assignments.forget,)),
    MemberHooks(before_deactivation=(handovers.must_hold_nothing,)),
    ExtraIncludes(
        stored={"segments": memberships.SEGMENTS_OF},
        computed={nulls.PART: nulls.of_records},
    ),
)
