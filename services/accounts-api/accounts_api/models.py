"""Every feature's tables in one import, for Alembic."""

from accounts_api.automation.assignment_backfills import models as assignment_backfills
from accounts_api.automation.assignments import models as assignments
from accounts_api.automation.corrections import models as corrections
from accounts_api.automation.deactivation import models as deactivation
from accounts_api.automation.debounce import models as debounce
from accounts_api.automation.handovers import models as handovers
from accounts_api.automation.lifecycle import models as lifecycle
from accounts_api.automation.segments import models as segments
from accounts_api.customers.formulas import models as formulas
from accounts_api.customers.imports import models as imports
from accounts_api.customers.key_roles import models as key_roles
from accounts_api.db import FORMER_KEYS, FOUNDATION, Base
from accounts_api.evaluation.engine import models as engine
from accounts_api.identity.api_keys import models as api_keys
from accounts_api.identity.audit_log import models as audit_log
from accounts_api.identity.calendars import models as calendars
from accounts_api.identity.members import models as members
from accounts_api.records.cascades import models as cascades
from accounts_api.records.field_owners import models as field_owners
from accounts_api.records.holdings import models as holdings
from accounts_api.records.schema import models as records
from accounts_api.signals.event_counts import models as event_counts
from accounts_api.signals.event_names import models as event_names
from accounts_api.signals.event_properties import models as event_properties
from accounts_api.signals.health_overrides import models as health_overrides
from accounts_api.signals.health_scores import models as health_scores
from accounts_api.signals.health_values import models as health_values
from accounts_api.signals.indicator_definitions import models as indicator_definitions
from accounts_api.signals.indicators import models as indicators
from accounts_api.signals.metric_values import models as metric_values
from accounts_api.signals.metrics import models as metrics
from accounts_api.signals.product_events import models as product_events
from accounts_api.signals.profiles import models as profiles
from accounts_api.signals.survey_invitations import models as survey_invitations
from accounts_api.signals.survey_responses import models as survey_responses
from accounts_api.signals.surveys import models as surveys
from accounts_api.signals.touches import models as touches
from accounts_api.workplace.api_schema import models as api_schema

__all__ = [
    "FORMER_KEYS",
    "FOUNDATION",
    "Base",
    "api_keys",
    "api_schema",
    "assignment_backfills",
    "assignments",
    "audit_log",
    "calendars",
    "cascades",
    "corrections",
    "deactivation",
    "debounce",
    "engine",
    "event_counts",
    "event_names",
    "event_properties",
    "field_owners",
    "formulas",
    "handovers",
    "health_overrides",
    "health_scores",
    "health_values",
    "holdings",
    "imports",
    "indicator_definitions",
    "indicators",
    "key_roles",
    "lifecycle",
    "members",
    "metric_values",
    "metrics",
    "product_events",
    "profiles",
    "records",
    "segments",
    "survey_invitations",
    "survey_responses",
    "surveys",
    "touches",
]
