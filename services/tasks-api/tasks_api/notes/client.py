"""What notes ask of the accounts service: write a record's fields."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.events.base import Cause
from shared.http import Answer
from shared.service import Service

_COLLECTIONS = {
    "organization": "organizations",
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
}


async def patch_record(
    running: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    record_type: str,
    record_id: UUID,
    patch: dict[str, Any],
) -> Answer:
    """Raises `OutgoingError`. Writing the same values twice changes nothing there."""
    return await running.ask(
        "accounts",
        "PATCH",
        f"/v1/{_COLLECTIONS[record_type]}/{record_id}",
        workspace_id=workspace_id,
        cause=cause,
        json=patch,
        headers={"if-match": "*"},
    )
