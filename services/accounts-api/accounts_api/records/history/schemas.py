from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class CauseOut(BaseModel):
    """One link of the chain. `id` leads to the thing in its own collection."""

    type: str
    id: str
    label: str | None = Field(default=None, description="What it is called, or was called then.")


_EXAMPLE: dict[str, Any] = {
    "id": "0198c0de-0100-7a3b-8c4d-5e6f708192a3",
    "field": "arr",
    "old": 12_500_000,
    "new": 15_000_000,
    "valid_from": "2026-02-11T14:30:00Z",
    "known_at": "2026-02-11T14:30:00.123456Z",
    "cause": [
        {
            "type": "connection",
            "id": "0198c0de-0200-7a3b-8c4d-5e6f708192a3",
            "label": "Salesforce",
        },
        {
            "type": "sync_run",
            "id": "0198c0de-0201-7a3b-8c4d-5e6f708192a3",
            "label": "incremental pull",
        },
    ],
}


class FieldChangeOut(BaseModel):
    """`field` is `created`, `deleted`, a field, `traits.<key>`, `key_roles.<key>` or `accounts`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    field: str
    old: Any
    new: Any
    valid_from: datetime = Field(description="When it became true, by the workspace's clock.")
    known_at: datetime = Field(description="When we learned it.")
    cause: list[CauseOut] = Field(description="From the origin to the immediate actor.")


class RelatedChange(BaseModel):
    id: UUID
    field: str
    old: Any
    new: Any


class FieldChangeDetail(FieldChangeOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "related_changes": [
                        {
                            "id": "0198c0de-0101-7a3b-8c4d-5e6f708192a3",
                            "field": "traits.tier",
                            "old": "silver",
                            "new": "gold",
                        }
                    ],
                }
            ]
        }
    )

    related_changes: list[RelatedChange] = Field(
        description="Other fields that were written with it."
    )


class PlanRolesChangeOut(BaseModel):
    """Null where the contact was not, or is no longer, linked to the account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0100-7a3b-8c4d-5e6f708192a3",
                    "contact_id": "0198c0de-0004-7a3b-8c4d-5e6f708192a3",
                    "contact_name": "Grace Hopper",
                    "old": ["Champion"],
                    "new": ["Champion", "Economic Buyer"],
                    "valid_from": "2026-02-11T14:30:00Z",
                    "known_at": "2026-02-11T14:30:00.123456Z",
                    "cause": [
                        {
                            "type": "member",
                            "id": "0198c0de-0009-7a3b-8c4d-5e6f708192a3",
                            "label": "Ada Lovelace",
                        }
                    ],
                }
            ]
        }
    )

    id: UUID
    contact_id: UUID
    contact_name: str
    old: list[str] | None
    new: list[str] | None
    valid_from: datetime = Field(description="When it became true, by the workspace's clock.")
    known_at: datetime = Field(description="When we learned it.")
    cause: list[CauseOut] = Field(description="From the origin to the immediate actor.")
