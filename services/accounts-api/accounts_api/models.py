"""Every feature's tables in one import, for Alembic."""

from accounts_api.api_keys.models import ApiKey
from accounts_api.assignments import models as assignments
from accounts_api.audit_log.models import AuditEntry
from accounts_api.db import FOUNDATION, Base
from accounts_api.deactivation import models as deactivation
from accounts_api.field_owners import models as field_owners
from accounts_api.hand_overs import models as hand_overs
from accounts_api.imports import models as imports
from accounts_api.key_roles import models as key_roles
from accounts_api.lifecycle import models as lifecycle
from accounts_api.members.models import Member
from accounts_api.product_events import models as product_events
from accounts_api.records import models as records
from accounts_api.segments import models as segments
from accounts_api.watching import models as watching
from accounts_api.workspaces.models import Workspace

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
    "hand_overs",
    "imports",
    "key_roles",
    "lifecycle",
    "product_events",
    "records",
    "segments",
    "watching",
]
