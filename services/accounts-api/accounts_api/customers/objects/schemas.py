from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    RecordFields,
    RecordOut,
    Row,
)
from shared.bulk import RowsIn, rows_field
from shared.schemas import ExternalId, Name, Source, Traits

EXAMPLE: dict[str, Any] = {
    "external_id": "PRJ-1042",
    "name": "Roll-out in Lyon",
    "traits": {"phase": "kick-off"},
}
SEARCH: dict[str, Any] = {"filter": 'name contains "lyon"', "sort": "-created_at", "limit": 50}
_LINKED = "The id of the record it belongs to, where its type links to {}; else null or absent."


class ObjectFields(RecordFields):
    """All that a client may set. A field left out stays as it is; null clears it. Of the records
    that an instance may belong to, the type's definition says which.
    """

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(default=None, description="What the object is called.")
    organization_id: UUID | None = Field(
        default=None,
        description="The id of the organization that the object belongs to, where its type links to"
        " organizations.",
    )
    organization_external_id: ExternalId | None = Field(
        default=None,
        description="The organization by its `external_id`, in place of `organization_id`.",
    )
    account_id: UUID | None = Field(
        default=None,
        description="The id of the account that the object belongs to, where its type links to"
        " accounts.",
    )
    account_external_id: ExternalId | None = Field(
        default=None, description="The account by its `external_id`, in place of `account_id`."
    )
    contact_id: UUID | None = Field(
        default=None,
        description="The id of the contact that the object belongs to, where its type links to"
        " contacts.",
    )
    contact_external_id: ExternalId | None = Field(
        default=None, description="The contact by its `external_id`, in place of `contact_id`."
    )
    opportunity_id: UUID | None = Field(
        default=None,
        description="The id of the opportunity that the object belongs to, where its type links to"
        " opportunities.",
    )
    opportunity_external_id: ExternalId | None = Field(
        default=None,
        description="The opportunity by its `external_id`, in place of `opportunity_id`.",
    )
    traits: Traits = Field(default_factory=dict)


class ObjectIn(ObjectFields):
    """An object to be created."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Roll-out in Lyon", "external_id": "PRJ-1042"},
                {**EXAMPLE, "account_external_id": "0015g00000XyZ1AAAV"},
            ]
        }
    )

    name: Name = Field(description="What the object is called.")


class ObjectPatch(ObjectFields):
    """The fields of an object to change: one that is left out stays, null clears it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Roll-out in Nantes"}, {"traits": {"phase": None}}]
        }
    )


class ObjectRow(ObjectFields, Row):
    """A row of a bulk write: the object by either of its ids, and what to change of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class ObjectRows(RowsIn):
    """Rows of objects to create or change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rows": [EXAMPLE, {"external_id": "PRJ-9", "deleted": True}]}]
        }
    )

    rows: SkipValidation[list[ObjectRow]] = rows_field()


class ObjectOut(RecordOut):
    """An object: a record of a type that the workspace defined. Which of its links there are, its
    type says.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0006-7a3b-8c4d-5e6f708192a3",
                    "source": "jira",
                    "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    **EXAMPLE,
                    "version": 1,
                    "computed_version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str = Field(description="What the object is called.")
    organization_id: UUID | None = Field(default=None, description=_LINKED.format("organizations"))
    account_id: UUID | None = Field(default=None, description=_LINKED.format("accounts"))
    contact_id: UUID | None = Field(default=None, description=_LINKED.format("contacts"))
    opportunity_id: UUID | None = Field(default=None, description=_LINKED.format("opportunities"))
