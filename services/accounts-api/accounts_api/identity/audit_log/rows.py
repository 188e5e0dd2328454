from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of the configuration."""

    workspace_id: UUID
    id: UUID
    at: datetime
    actor_type: str
    actor_id: str
    cause: Sequence[Mapping[str, object]]
    action: str
    target_type: str
    target_id: UUID | None
    target_key: str | None
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    service: str
    request_id: str | None
