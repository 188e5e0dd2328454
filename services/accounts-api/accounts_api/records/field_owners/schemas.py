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
    """A field that only its connection changes: an edit here answers 409 `owned_elsewhere`."""

    record_type: str = Field(description="The record type that has the field.")
    field: str = Field(
        description="The field as rules name it, such as `domain`, `traits.tier` or"
        " `key_roles.csm`."
    )
    source: str = Field(
        description="The `source` of the records whose field is owned; on other records it is free."
    )
    connection_id: UUID = Field(description="The connection that owns the field.")
    connection_title: str = Field(description="What the connection is called.")


class OwnedFields(Out):
    """The fields that connections own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_DOMAIN]}]})

    data: list[OwnedField] = Field(description="Every owned field, one entry for each.")
