"""What the features of this service do for each other, for both processes: those below call, and
know none of those above.
"""

from typing import Final

from accounts_api.automation.assignments import evaluation as assignment
from accounts_api.automation.assignments import service as assignments
from accounts_api.automation.corrections import service as corrections
from accounts_api.automation.corrections.hooks import CorrectionHooks
from accounts_api.automation.deactivation import evaluation as deactivation
from accounts_api.automation.handovers import service as handovers
from accounts_api.automation.lifecycle import evaluation as lifecycle
from accounts_api.automation.membership_corrections import service as membership_corrections
from accounts_api.automation.memberships import evaluation as membership
from accounts_api.automation.memberships import queries as membership_queries
from accounts_api.automation.memberships import service as memberships
from accounts_api.automation.segments import service as segments
from accounts_api.automation.status_corrections import service as status_corrections
from accounts_api.customers.formulas import evaluation as formula_values
from accounts_api.customers.formulas import moving_fields, nulls
from accounts_api.customers.formulas import service as formulas
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.customers.imports import service as imports
from accounts_api.customers.key_roles import planned as planned_holdings
from accounts_api.customers.key_roles import service as key_roles
from accounts_api.customers.key_roles.service import KeyRoleHooks
from accounts_api.customers.querying.includes import ExtraIncludes, StoredInclude
from accounts_api.customers.references.service import ReferenceHooks
from accounts_api.customers.trait_usages import service as trait_usages
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import (
    FORMULA,
    HEALTH,
    METRIC,
    Evaluator,
    Evaluators,
)
from accounts_api.evaluation.rule_sets.snapshots import SnapshotHooks
from accounts_api.evaluation.usages.service import UsageHooks
from accounts_api.identity.api_keys import service as api_keys
from accounts_api.identity.calendars.service import CalendarHooks
from accounts_api.identity.members import service as members
from accounts_api.identity.members.service import MemberHooks
from accounts_api.identity.workspaces.service import WorkspaceHooks
from accounts_api.records.cascades import service as cascades
from accounts_api.records.schema.hooks import ShapeHooks
from accounts_api.records.store.hooks import RecordHooks
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.health_values import evaluation as health
from accounts_api.signals.health_values.queries import HEALTH_OF
from accounts_api.signals.indicator_definitions import service as indicator_definitions
from accounts_api.signals.indicator_rules import evaluation as indicator_rules
from accounts_api.signals.indicators import service as indicators
from accounts_api.signals.metric_values import evaluation as metric_evaluation
from accounts_api.signals.metric_values import service as metric_values
from accounts_api.signals.metrics import service as metrics
from accounts_api.signals.product_events import service as product_events
from accounts_api.signals.profiles import service as profiles
from accounts_api.signals.surveys import service as surveys
from accounts_api.signals.touches import service as touches
from accounts_api.workplace.api_schema import service as api_schema
from shared.uow import Wiring

WIRING: Final[Wiring] = (
    RecordHooks(
        on_changes=(
            engine.record_changes,
            corrections.follow_records,
            memberships.follow_merges,
            indicators.follow_merges,
            planned_holdings.prepare_merges,
            product_events.follow_records,
            profiles.follow_records,
            touches.follow_records,
            cascades.follow_owners,
        ),
    ),
    UsageHooks(
        finders=(
            trait_usages.find_dependents,
            engine.find_usages,
            api_keys.find_usages,
            assignments.find_usages,
            deactivation.RULES.find_usages,
            formulas.find_usages,
            handovers.find_usages,
            health_scores.find_usages,
            imports.find_usages,
            indicator_definitions.find_usages,
            lifecycle.RULES.find_usages,
            key_roles.find_usages,
            metrics.find_usages,
            profiles.find_usages,
            segments.find_usages,
            surveys.find_usages,
            trait_usages.find_usages,
        ),
    ),
    Evaluators(
        {
            deactivation.RULES.kind: deactivation.RULES.evaluator(
                deactivation.evaluate, deactivation.outputs
            ),
            METRIC: Evaluator(
                metric_evaluation.evaluate,
                metrics.usages_of_rules,
                metric_evaluation.quarantine,
                metric_evaluation.outputs,
            ),
            FORMULA: Evaluator(
                formula_values.evaluate,
                formula_values.usages,
                formula_values.quarantine,
                formula_values.outputs,
            ),
            lifecycle.RULES.kind: lifecycle.RULES.evaluator(lifecycle.evaluate, lifecycle.outputs),
            segments.KIND: Evaluator(
                membership.evaluate, membership.usages, membership.quarantine, segments.outputs
            ),
            indicator_definitions.KIND: Evaluator(
                indicator_rules.evaluate,
                indicator_definitions.usages,
                indicator_definitions.quarantine,
                indicator_definitions.outputs,
            ),
            HEALTH: Evaluator(health.evaluate, health.usages, health.quarantine, health.outputs),
            assignment.RULES.kind: assignment.RULES.evaluator(
                assignment.evaluate, assignment.outputs
            ),
        }
    ),
    SnapshotHooks(moved=moved_types),
    CorrectionHooks(correct=(status_corrections.correct, membership_corrections.correct)),
    ShapeHooks(on_change=(api_schema.follow_shape, moving_fields.follow_shape)),
    WorkspaceHooks(on_calendar_change=(engine.follow_calendar,)),
    CalendarHooks(on_default_change=(engine.follow_calendar,), users=(members.using_calendar,)),
    ReferenceHooks(segments=segments.those_named),
    KeyRoleHooks(on_deletion=(assignments.forget,)),
    MemberHooks(before_deactivation=(handovers.must_hold_nothing,)),
    ExtraIncludes(
        stored={
            "health": StoredInclude(HEALTH_OF, "[]", ("account", "contact", "organization")),
            "segments": StoredInclude(membership_queries.SEGMENTS_OF),
            "touches": StoredInclude(touches.OF_RECORDS, "{}", ("account", "contact")),
        },
        computed={
            nulls.PART: nulls.of_records,
            metric_values.INCLUDE: metric_values.of_records,
        },
    ),
)
