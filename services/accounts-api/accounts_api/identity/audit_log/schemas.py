from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.base import Cause
from shared.schemas import Out
from shared.settings import ServiceName


class AuditEntryOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-9f10-7b2c-a1d4-3e5f7a9b1c2d",
                    "at": "2026-10-05T08:00:00Z",
                    "action": "member.updated",
                    "target_type": "member",
                    "target_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "actor_type": "member",
                    "actor_id": "0198c0de-1111-7d07-8a52-6c1f2a9e4b3d",
                    "cause": [
                        {"type": "member", "id": "0198c0de-1111-7d07-8a52-6c1f2a9e4b3d"},
                        {
                            "type": "api_key",
                            "id": "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d",
                            "label": "Ops console",
                        },
                    ],
                    "before": {"role": "team_member"},
                    "after": {"role": "leader"},
                    "target_key": None,
                    "service": "accounts",
                    "request_id": "req_0198c0de9f107b2ca1d43e5f7a9b1c2d",
                }
            ]
        }
    )

    id: UUID
    at: datetime
    action: str
    target_type: str
    target_id: UUID | None
    target_key: str | None = Field(description="Of what has a key and no id, as note templates.")
    actor_type: str
    actor_id: str
    cause: list[Cause] = Field(description="Who or what acted, from the origin to the last link.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    service: ServiceName = Field(description="The service that was asked.")
    request_id: str | None = Field(description="Of the request; null for what a worker did.")
