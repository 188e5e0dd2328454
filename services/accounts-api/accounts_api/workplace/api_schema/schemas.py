from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.accounts import ApiSchemaChange
from shared.events.base import Cause
from shared.schemas import Out

_CHANGE: dict[str, Any] = {
    "change": "changed",
    "path": "account.traits.tier",
    "breaking": True,
    "message": "It has lost options.",
}


class ApiSchemaVersionOut(Out):
    """A version of the API of this workspace: what its traits and object types made of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-9f10-7b2c-a1d4-3e5f7a9b1c2d",
                    "version": 12,
                    "at": "2026-10-05T08:00:00Z",
                    "breaking": True,
                    "changes": [_CHANGE],
                    "cause": [
                        {"type": "member", "id": "0198c0de-1111-7d07-8a52-6c1f2a9e4b3d"},
                    ],
                }
            ]
        }
    )

    id: UUID
    version: int = Field(description="Counted from 1, without gaps.")
    at: datetime = Field(description="Since when the API is so.")
    breaking: bool = Field(description="Whether one of the changes is.")
    changes: list[ApiSchemaChange] = Field(description="Against the version before.")
    cause: list[Cause] = Field(description="Who or what acted, from the origin to the last link.")


class OverlayInfo(Out):
    """What an overlay is for."""

    title: str = Field(description="What the overlay adds.")
    version: str = Field(description="Names the state of the workspace, as the ETag does.")


class OverlayOut(Out):
    """An Overlay (OpenAPI Overlay Specification 1.0.0) for `/openapi.json`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "overlay": "1.0.0",
                    "info": {
                        "title": "Traits and object types of this workspace",
                        "version": "5f0c7e4b9a21d3860b7c1e2f4a5d6c7b",
                    },
                    "actions": [
                        {
                            "target": "$.components.schemas",
                            "update": {
                                "AccountTraits": {
                                    "type": "object",
                                    "properties": {"seats": {"type": "number"}},
                                }
                            },
                        }
                    ],
                }
            ]
        }
    )

    overlay: str = Field(description="The version of the specification.")
    info: OverlayInfo
    actions: list[dict[str, Any]] = Field(description="To be applied in this order.")
