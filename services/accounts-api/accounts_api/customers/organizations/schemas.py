from typing import Any

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    Domain,
    RecordOut,
    Row,
    RowsIn,
    Source,
    Traits,
    rows_field,
)
from shared.schemas import ExternalId, Name, Patch

EXAMPLE: dict[str, Any] = {
    "name": "Acme Group",
    "external_id": "0015g00000Parent1",
    "domain": "acme.example",
}
SEARCH: dict[str, Any] = {"filter": "count(accounts) >= 2", "sort": "name", "count": "exact"}


class OrganizationFields(Patch):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = None
    domain: Domain | None = None
    traits: Traits = Field(default_factory=dict)


class OrganizationIn(OrganizationFields):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name


class OrganizationPatch(OrganizationFields):
    model_config = ConfigDict(json_schema_extra={"examples": [{"domain": "acme-group.example"}]})


class OrganizationRow(OrganizationFields, Row):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class OrganizationRows(RowsIn):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rows": [EXAMPLE, {"external_id": "0015g00000Parent9", "deleted": True}]}]
        }
    )

    rows: SkipValidation[list[OrganizationRow]] = rows_field()


class OrganizationOut(RecordOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0003-7a3b-8c4d-5e6f708192a3",
                    "source": "salesforce",
                    **EXAMPLE,
                    "traits": {"segment": "enterprise"},
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str
    domain: str | None
