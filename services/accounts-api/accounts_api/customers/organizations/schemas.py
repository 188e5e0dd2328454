from typing import Any

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    Domain,
    RecordFields,
    RecordOut,
    Row,
)
from shared.bulk import RowsIn, rows_field
from shared.schemas import ExternalId, Name, Source, Traits

EXAMPLE: dict[str, Any] = {
    "name": "Acme Group",
    "external_id": "0015g00000Parent1",
    "domain": "acme.example",
}
SEARCH: dict[str, Any] = {"filter": "count(accounts) >= 2", "sort": "name", "count": "exact"}


class OrganizationFields(RecordFields):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(default=None, description="What the organization is called.")
    domain: Domain | None = Field(
        default=None,
        description="The organization's domain. A website is taken as its domain:"
        " `https://www.acme.example/about` too.",
    )
    traits: Traits = Field(default_factory=dict)


class OrganizationIn(OrganizationFields):
    """An organization to be created."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name = Field(description="What the organization is called.")


class OrganizationPatch(OrganizationFields):
    """The fields of an organization to change: one that is left out stays, null clears it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"domain": "acme-group.example"}]})


class OrganizationRow(OrganizationFields, Row):
    """A row of a bulk write: the organization by either of its ids, and what to change of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class OrganizationRows(RowsIn):
    """Rows of organizations to create or change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rows": [EXAMPLE, {"external_id": "0015g00000Parent9", "deleted": True}]}]
        }
    )

    rows: SkipValidation[list[OrganizationRow]] = rows_field()


class OrganizationOut(RecordOut):
    """An organization: what several accounts belong to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0003-7a3b-8c4d-5e6f708192a3",
                    "source": "salesforce",
                    **EXAMPLE,
                    "traits": {"segment": "enterprise"},
                    "version": 1,
                    "computed_version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str = Field(description="What the organization is called.")
    domain: str | None = Field(
        description="The organization's domain, such as `acme.example`; null when it is not known."
    )
