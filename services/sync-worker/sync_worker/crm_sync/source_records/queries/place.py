"""Where a statement about one object of one connection applies."""

from typing import Any
from uuid import UUID


def at(workspace_id: UUID, connection_id: UUID, sobject: str) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject}
