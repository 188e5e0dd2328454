from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    RecordOut,
    Row,
    RowsIn,
    Source,
    Traits,
    rows_field,
)
from shared.schemas import ExternalId, Name, Patch

EXAMPLE: dict[str, Any] = {
    "external_id": "PRJ-1042",
    "name": "Roll-out in Lyon",
    "traits": {"phase": "kick-off"},
}
SEARCH: dict[str, Any] = {"filter": 'name contains "lyon"', "sort": "-created_at", "limit": 50}
_LINKED = "Only of a type that links to {}."


class ObjectFields(Patch):
    """All that a client may set. A field left out stays as it is; null clears it. Of the records
    that an instance may belong to, the type's definition says which.
    """

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = None
    organization_id: UUID | None = None
    organization_external_id: ExternalId | None = None
    account_id: UUID | None = None
    account_external_id: ExternalId | None = None
    contact_id: UUID | None = None
    contact_external_id: ExternalId | None = None
    opportunity_id: UUID | None = None
    opportunity_external_id: ExternalId | None = None
    traits: Traits = Field(default_factory=dict)


class ObjectIn(ObjectFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Roll-out in Lyon", "external_id": "PRJ-1042"},
                {**EXAMPLE, "account_external_id": "0015g00000XyZ1AAAV"},
            ]
        }
    )

    name: Name


class ObjectPatch(ObjectFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Roll-out in Nantes"}, {"traits": {"phase": None}}]
        }
    )


class ObjectRow(ObjectFields, Row):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class ObjectRows(RowsIn):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rows": [EXAMPLE, {"external_id": "PRJ-9", "deleted": True}]}]
        }
    )

    rows: SkipValidation[list[ObjectRow]] = rows_field()


class ObjectOut(RecordOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0006-7a3b-8c4d-5e6f708192a3",
                    "source": "jira",
                    "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    **EXAMPLE,
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str
    organization_id: UUID | None = Field(default=None, description=_LINKED.format("organizations"))
    account_id: UUID | None = Field(default=None, description=_LINKED.format("accounts"))
    contact_id: UUID | None = Field(default=None, description=_LINKED.format("contacts"))
    opportunity_id: UUID | None = Field(default=None, description=_LINKED.format("opportunities"))
