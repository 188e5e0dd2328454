from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from accounts_api.evaluation.usages.service import peer_said
from shared.auth import Caller
from shared.service import Service


async def tasks_of(service: Service, caller: Caller, member_id: UUID) -> dict[str, Any] | None:
    """None: the tasks service could not be asked."""
    return await peer_said(service, caller, "tasks", f"/internal/members/{member_id}/load")


async def enrollments_of(
    service: Service, caller: Caller, member_id: UUID, successors: Collection[UUID]
) -> dict[str, Any] | None:
    """None: the sequencer could not be asked."""
    asked = urlencode([("successor", str(one)) for one in sorted(successors)])
    path = f"/internal/members/{member_id}/load?{asked}"
    return await peer_said(service, caller, "sequencer", path)
