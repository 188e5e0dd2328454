from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.base import Cause
from shared.schemas import Out
from shared.settings import ServiceName


class AuditEntryOut(Out):
    """An entry of the audit log: one change of what a workspace configures, with who made it."""

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
    at: datetime = Field(description="The instant of the change, by the real clock.")
    action: str = Field(
        description="What was done, as the kind of thing and a verb, such as `member.updated`."
    )
    target_type: str = Field(description="The kind of thing that was changed, such as `member`.")
    target_id: UUID | None = Field(
        description="The id of what was changed; null of something that has a key and no id."
    )
    target_key: str | None = Field(
        description="The key of what was changed, where that has a key and no id, as note templates"
        " do."
    )
    actor_type: str = Field(
        description="What kind of actor is the origin of the change: the `type` of the first link"
        " of `cause`."
    )
    actor_id: str = Field(
        description="The id of that actor: the `id` of the first link of `cause`."
    )
    cause: list[Cause] = Field(description="Who or what acted, from the origin to the last link.")
    before: dict[str, Any] | None = Field(
        description="The changed fields as they were; null of something that was created."
    )
    after: dict[str, Any] | None = Field(
        description="The changed fields as they became; null of something that was deleted."
    )
    service: ServiceName = Field(description="The service that made the change.")
    request_id: str | None = Field(
        description="The `X-Request-Id` of the request that made the change; null for what a worker"
        " did."
    )
