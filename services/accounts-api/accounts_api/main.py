"""The web process."""

from fastapi import FastAPI

from accounts_api.automation.assignments import router as assignments
from accounts_api.automation.deactivation import router as deactivation
from accounts_api.automation.handovers import router as handovers
from accounts_api.automation.judgements import router as judgements
from accounts_api.automation.lifecycle import router as lifecycle
from accounts_api.automation.memberships import router as memberships
from accounts_api.automation.segments import router as segments
from accounts_api.customers.import_rows import router as import_rows
from accounts_api.customers.imports import router as imports
from accounts_api.customers.key_roles import router as key_roles
from accounts_api.customers.object_types import router as object_types
from accounts_api.customers.objects import router as objects
from accounts_api.customers.patches.router import router as patches
from accounts_api.customers.record_types import router as record_types
from accounts_api.customers.references import router as references
from accounts_api.customers.trait_usages import router as trait_usages
from accounts_api.customers.traits import router as traits
from accounts_api.evaluation.rule_checks import router as rule_checks
from accounts_api.evaluation.usages import router as usages
from accounts_api.identity.api_keys import router as api_keys
from accounts_api.identity.api_keys.service import OwnIntrospection
from accounts_api.identity.audit_log import router as audit_log
from accounts_api.identity.calendars import router as calendars
from accounts_api.identity.members import router as members
from accounts_api.identity.workspaces import router as workspaces
from accounts_api.records.field_owners.router import router as field_owners
from accounts_api.records.history.router import router as plan_roles
from accounts_api.signals.event_lists import router as event_lists
from accounts_api.signals.event_names import router as event_names
from accounts_api.signals.event_properties import router as event_properties
from accounts_api.signals.health_definitions import router as health_definitions
from accounts_api.signals.health_explanations import router as health_explanations
from accounts_api.signals.health_previews import router as health_previews
from accounts_api.signals.health_records import router as health_records
from accounts_api.signals.health_reports import router as health_reports
from accounts_api.signals.health_scores import router as health_scores
from accounts_api.signals.indicator_actions import router as indicators
from accounts_api.signals.indicator_definitions import router as indicator_definitions
from accounts_api.signals.indicator_previews import router as indicator_previews
from accounts_api.signals.ingest import router as ingest
from accounts_api.signals.metric_previews import router as metric_previews
from accounts_api.signals.metric_series import router as metric_series
from accounts_api.signals.metric_values import router as metric_values
from accounts_api.signals.metrics import router as metrics
from accounts_api.signals.profiles import router as profiles
from accounts_api.signals.survey_invitations import router as survey_invitations
from accounts_api.signals.survey_pages import router as survey_pages
from accounts_api.signals.survey_responses import router as survey_responses
from accounts_api.signals.survey_results import router as survey_results
from accounts_api.signals.surveys import router as surveys
from accounts_api.status import due_work
from accounts_api.subscriptions import SUBSCRIPTIONS
from accounts_api.wiring import WIRING
from accounts_api.workplace.api_schema import router as api_schema
from shared import held_work
from shared.app import build_app
from shared.bulk import LARGEST_BODY
from shared.routers.dead_events import dead_events_router
from shared.routers.held_work import held_work_router
from shared.routers.status import STATUS_TAG, status_router
from shared.settings import Settings

MIGRATION_HEAD = "0043"

TAGS = [
    {"name": "Workspace", "description": "The tenant: name, zone, settings, a sandbox's clock."},
    {"name": "Calendars", "description": "Which days and hours are worked."},
    {"name": "Accounts", "description": "The customers."},
    {"name": "Organizations", "description": "What several accounts belong to."},
    {"name": "Contacts", "description": "The people of the customers."},
    {"name": "Opportunities", "description": "Deals: renewals, expansions, new business."},
    {"name": "Object types", "description": "Types of records that the workspace defines itself."},
    {"name": "Objects", "description": "The records of the workspace's own types."},
    {"name": "Traits", "description": "Typed fields of records, defined by the workspace."},
    {"name": "Key roles", "description": "Responsibilities for an account, and who holds them."},
    {"name": "Segments", "description": "Sets of records that a rule defines and that keep true."},
    {"name": "Lifecycle", "description": "Which status accounts have, by which rules."},
    {"name": "Imports", "description": "Files of records: mapped, looked at, written, explained."},
    {"name": "Contact deactivation", "description": "Whom no mail may reach, by which rules."},
    {"name": "Rules", "description": "The rule language by itself: check, convert, mend."},
    {"name": "Product events", "description": "What people do in your product, as it happens."},
    {"name": "Health", "description": "How records are doing: scores, labels, why and since when."},
    {"name": "Surveys", "description": "What customers are asked, and what they say."},
    {"name": "Indicators", "description": "Signs that a customer is at risk, or could grow."},
    {"name": "Metrics", "description": "Numbers of each record, which keep true by themselves."},
    {"name": "Members", "description": "The people of the workspace, their roles and seats."},
    {"name": "API keys", "description": "Credentials of programs: scoped, expiring, revocable."},
    {"name": "Audit log", "description": "Who changed which setting, and when."},
    STATUS_TAG,
]


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "accounts",
        title="Tenure accounts",
        summary="Who our customers are and how they are doing.",
        routers=[
            workspaces.router,
            calendars.router,
            api_schema.router,
            *record_types.routers,
            object_types.router,
            objects.router,
            traits.router,
            trait_usages.router,
            key_roles.router,
            key_roles.of_accounts,
            plan_roles,
            patches,
            assignments.router,
            imports.router,
            import_rows.router,
            segments.router,
            memberships.router,
            rule_checks.router,
            judgements.internal,
            lifecycle.router,
            deactivation.router,
            ingest.router,
            event_names.router,
            event_properties.router,
            event_lists.router,
            profiles.router,
            health_scores.router,
            health_previews.router,
            health_reports.router,
            health_explanations.router,
            surveys.router,
            survey_invitations.of_surveys,
            survey_invitations.router,
            survey_invitations.internal,
            survey_responses.router,
            survey_responses.of_accounts,
            survey_results.router,
            indicator_previews.router,
            indicator_definitions.router,
            indicators.router,
            indicators.of_accounts,
            health_definitions.router,
            health_records.router,
            metrics.router,
            metric_values.router,
            metric_previews.router,
            metric_series.router,
            survey_pages.router,
            members.router,
            usages.router,
            usages.of_calendars,
            handovers.router,
            api_keys.router,
            api_keys.internal,
            field_owners,
            references.internal,
            audit_log.router,
            status_router("accounts", due_work, held_work.counts),
            dead_events_router("accounts", SUBSCRIPTIONS),
            held_work_router("accounts"),
        ],
        tags=TAGS,
        settings=settings,
        migration_head=MIGRATION_HEAD,
        introspection=OwnIntrospection,
        larger_bodies={imports.FILE_PATH: imports.LARGEST_FILE, "/bulk": LARGEST_BODY},
        gzipped_bodies=[f"/v1{path}" for path in ingest.PATHS],
        wiring=WIRING,
    )
