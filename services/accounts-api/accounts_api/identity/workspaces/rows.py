from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tenant. The other services keep copies of this row (`WorkspaceChanged`)."""

    workspace_id: UUID
    name: str
    time_zone: str
    currency: str
    sandbox: bool
    frozen_at: datetime | None
    settings: Mapping[str, object]
    version: int
    created_at: datetime
    updated_at: datetime
