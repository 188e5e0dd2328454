"""Every feature's tables in one import, for Alembic."""

from accounts_api.automation.assignments import models as assignments
from accounts_api.automation.deactivation import models as deactivation
from accounts_api.automation.handovers import models as handovers
from accounts_api.automation.lifecycle import models as lifecycle
from accounts_api.automation.segments import models as segments
from accounts_api.customers.imports import models as imports
from accounts_api.customers.key_roles import models as key_roles
from accounts_api.db import FOUNDATION, Base
from accounts_api.evaluation.engine import models as watching
from accounts_api.identity.api_keys.models import ApiKey
from accounts_api.identity.audit_log.models import AuditEntry
from accounts_api.identity.members.models import Member
from accounts_api.identity.workspaces.models import Workspace
from accounts_api.records.field_owners import models as field_owners
from accounts_api.records.holdings import models as holdings
from accounts_api.records.schema import models as records
from accounts_api.signals.product_events import models as product_events

__all__ = [
    "FOUNDATION",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Member",
    "Workspace",
    "assignments",
    "deactivation",
    "field_owners",
    "handovers",
    "holdings",
    "imports",
    "key_roles",
    "lifecycle",
    "product_events",
    "records",
    "segments",
    "watching",
]
