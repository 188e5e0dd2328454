"""Parts of bodies that the four types of records share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi.openapi.models import Example
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from shared.schemas import ExternalId, In, Instant, Out, Patch, Slug
from shared.values.websites import NotAHost, host_of

RecordTypeKey = Annotated[
    Slug,
    Field(
        description="`organization`, `account`, `contact`, `opportunity`, or the key of an object"
        " type."
    ),
]
TraitKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Holders = Annotated[list[UUID], Field(max_length=50)]
KeyRoles = Annotated[
    dict[str, Holders | None],
    Field(
        max_length=50,
        description="Members by key role, such as `csm`. Absent stays; null or [] ends it.",
    ),
]


def _bare_host(value: str) -> str:
    try:
        return host_of(value)
    except NotAHost:
        raise ValueError("A domain such as 'acme.example', or one website.") from None


Domain = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000),
    AfterValidator(_bare_host),
    Field(description="A website is taken as its domain: `https://www.acme.example/about` too."),
]


class RecordFields(Patch):
    """What a client may say of any record, besides the fields of its type."""

    effective_at: Instant | None = Field(
        default=None,
        description="Since when it has been so, by the workspace's clock: not later than now, and"
        " not before the first instant of a record that exists. What is known to have changed later"
        " stays as it became. Null: from now on.",
    )
    allow_implausible: bool = Field(
        default=False,
        description="True lets a record say what cannot be so, such as a contract that ends before"
        " it starts.",
    )


class Row(In):
    """What any row of a bulk write may say besides the record's own fields."""

    id: UUID | None = Field(
        default=None,
        description="The id of the record to update; leave it out to name the record by"
        " `external_id`.",
    )
    deleted: bool = Field(
        default=False, description="True when the source deleted the record; it leaves a tombstone."
    )
    restore: bool = Field(
        default=False, description="True brings the record back even if a person deleted it."
    )
    merged_into_external_id: ExternalId | None = Field(
        default=None,
        description="The `external_id` of the record that the source merged this one into.",
    )


class RecordOut(Out):
    id: UUID
    external_id: str | None = Field(
        description="The record's id in your system, unique among records of its type; null when"
        " there is none."
    )
    source: str | None = Field(
        description="Where the record comes from, such as `salesforce`; null when nobody said."
    )
    traits: dict[str, Any] = Field(
        description="The values of the workspace's own fields by key; one without a value is null"
        " or missing."
    )
    version: int = Field(
        description="Counts the changes of what can be written of the record; it is in the ETag,"
        " and `If-Match` compares it."
    )
    computed_version: int = Field(
        description="Counts the changes of what Tenure works out or sets itself: formulas,"
        " statuses. It is in the ETag, and `If-Match` leaves it aside."
    )
    created_at: datetime
    updated_at: datetime


class MergeIn(In):
    """Which record is to become one with that of the address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"loser_id": "0198c0de-0002-7a3b-8c4d-5e6f708192a3"}]}
    )

    loser_id: UUID = Field(
        description="The id of the record that goes. It leads to the winner from now on."
    )


def upsert_examples(record: Mapping[str, Any]) -> dict[str, Example]:
    """What the API's document shows of a PUT whose address says the external id."""
    fields = {name: value for name, value in record.items() if name != "external_id"}
    return {
        "create_or_change": {"summary": "Create it, or make it so", "value": fields},
        "name_it": {"summary": "The least that a new one needs", "value": _least(fields)},
    }


def _least(fields: dict[str, Any]) -> dict[str, Any]:
    needed = [name for name in ("name", "email", "type") if name in fields]
    return {name: fields[name] for name in needed}
