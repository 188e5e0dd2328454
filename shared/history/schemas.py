"""A change of one field as it is shown, and what a list of changes is asked with."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import Instant

FieldParam = Annotated[
    str | None,
    Query(max_length=100, description="Only this field, or group: `traits`, `key_roles`."),
]
SinceParam = Annotated[Instant | None, Query(description="Became true at this instant or later.")]
UntilParam = Annotated[
    Instant | None,
    Query(description="Became true until this instant. The first one tells why it was so then."),
]
KnownUntilParam = Annotated[Instant | None, Query(description="Learned until this instant.")]


class CauseLink(BaseModel):
    """A link of the chain of causes: who or what acted. `id` leads to the thing in its own
    collection.
    """

    type: str = Field(
        description="What kind of thing acted, such as `member`, `connection` or `rule`."
    )
    id: str = Field(description="The id of that thing.")
    label: str | None = Field(
        default=None,
        description="What it is called, or was called then; null when that is not known.",
    )


FIELD_CHANGE: dict[str, Any] = {
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
    """A change of one field of a record."""

    model_config = ConfigDict(json_schema_extra={"examples": [FIELD_CHANGE]})

    id: UUID = Field(description="The id of the change.")
    field: str = Field(
        description="What changed: `created`, `deleted`, a field, `traits.<key>`, `key_roles.<key>`"
        " or `accounts`."
    )
    old: Any = Field(description="The value before, null when there was none.")
    new: Any = Field(description="The value since, null when there is none.")
    valid_from: datetime = Field(
        description="When the change became true, by the workspace's clock."
    )
    known_at: datetime = Field(description="When Tenure learned of it, by the real clock.")
    cause: list[CauseLink] = Field(
        description="Who or what acted, from the origin to the immediate actor."
    )
