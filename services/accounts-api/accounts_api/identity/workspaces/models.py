from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from accounts_api.db import FOUNDATION, Base


class Workspace(Base):
    """One tenant. The other services keep copies of this row (`WorkspaceChanged`)."""

    __table__ = FOUNDATION.workspaces

    workspace_id: Mapped[UUID]
    name: Mapped[str]
    time_zone: Mapped[str]
    currency: Mapped[str]
    sandbox: Mapped[bool]
    frozen_at: Mapped[datetime | None]
    settings: Mapped[dict[str, Any]]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
