from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.schemas import Out

_DOMAIN: dict[str, Any] = {
    "record_type": "account",
    "field": "domain",
    "source": "salesforce",
    "connection_id": "0198c0de-c0ff-7c3e-9b5d-2f4e6a8c0b1d",
    "connection_title": "Salesforce",
}


class OwnedField(Out):
    """Only its connection changes the field: an edit here answers 409 `owned_elsewhere`."""

    record_type: str
    field: str = Field(description="As rules name it: `domain`, `traits.tier`, `key_roles.csm`.")
    source: str = Field(description="Of records that have this `source`; others are free.")
    connection_id: UUID
    connection_title: str


class OwnedFields(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_DOMAIN]}]})

    data: list[OwnedField]
