from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.schemas import In, OneLine, Out, Patch

EventPropertyType = TypeAliasType(
    "EventPropertyType",
    Annotated[
        Literal["string", "number", "boolean", "date", "datetime"],
        Field(
            description="What the values of a declared property are: JSON of that type, a day"
            " (`2026-03-02`), or an instant with its offset. A value of another type is no value,"
            " and neither is a text of more than 200 characters."
        ),
    ],
)
_EVENT = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), OneLine]
Events = Annotated[
    list[_EVENT],
    Field(
        min_length=1,
        max_length=30,
        description="The names of the events that have it, whether any came yet or not.",
    ),
]
Description = Annotated[
    str, Field(max_length=500, description="What people say of it; may be empty."), OneLine
]
_EXAMPLE: dict[str, Any] = {
    "name": "planName",
    "type": "string",
    "events": ["login", "Report Exported"],
    "description": "The plan that was in use",
}


class EventPropertyIn(In):
    """A property of product events that rules may count by."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _EXAMPLE,
                {"key": "rows", "name": "rows", "type": "number", "events": ["x"]},
            ]
        }
    )

    name: Annotated[str, OneLine] = Field(
        min_length=1,
        max_length=200,
        description="What senders call it, in `properties` of an event.",
    )
    key: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="What rules call it, as `properties.<key>`. Left out, it is made of the name:"
        " `planName` is `plan_name`.",
    )
    type: EventPropertyType
    events: Events
    description: Description = ""


class EventPropertyPatch(Patch):
    """Other events, or another description. Name, key and type stay as they were declared."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": ["login", "Report Exported", "logout"]}]}
    )

    events: Events | None = None
    description: Description | None = None


class EventPropertyOut(Out):
    """A property of product events that rules may count by."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0302-7a3b-8c4d-5e6f708192a3",
                    "key": "plan_name",
                    **_EXAMPLE,
                    "filled_at": "2026-03-02T09:00:04Z",
                    "reliable_from": "2026-01-12",
                    "version": 1,
                    "created_at": "2026-03-02T09:00:00Z",
                    "updated_at": "2026-03-02T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    key: str = Field(description="What rules call it, as `properties.<key>`.")
    name: str = Field(description="What senders call it, in `properties` of an event.")
    type: EventPropertyType
    events: list[str] = Field(description="The names of the events that have it.")
    description: str = Field(description="What people say of it; may be empty.")
    filled_at: datetime | None = Field(
        description="When the events that had come before were counted by it; null while they are"
        " being counted, and rules see only what came since."
    )
    reliable_from: date | None = Field(
        description="The day from which counts by it are whole: that of the first event of these"
        " names. Before it a zero may only mean that nobody sent any. Null until `filled_at`."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class EventPropertiesOut(Out):
    """All declared properties of a workspace."""

    data: list[EventPropertyOut] = Field(description="By key; at most 50.")
