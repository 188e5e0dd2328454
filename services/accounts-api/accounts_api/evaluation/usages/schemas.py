from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.settings import ServiceName

_SEGMENT: dict[str, Any] = {
    "type": "segment",
    "id": "0198c0de-0400-7a3b-8c4d-5e6f708192a3",
    "title": "Gold accounts",
}


class UsageOut(BaseModel):
    """Something that would not be what it is any more."""

    type: str = Field(
        description="The kind of thing that uses it, such as `segment` or `sequence`."
    )
    id: str = Field(description="The id of that thing, by which its own collection finds it.")
    title: str = Field(description="What that thing is called.")


class UsageListOut(BaseModel):
    """What uses a trait, a segment, a key role, a member or an object type, in every service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"records": 1000, "more_records": True, "usages": [_SEGMENT], "not_asked": []}
            ]
        }
    )

    records: int = Field(
        description="How many records are concerned, counted to 1,000: those with a value of"
        " the trait, in the segment, with a holder of the key role, on which the"
        " member holds one, or of the object type."
    )
    more_records: bool = Field(description="Whether there are more records than `records` counts.")
    usages: list[UsageOut] = Field(
        description="What would not be what it is any more if the thing went."
    )
    not_asked: list[ServiceName] = Field(
        description="Services that did not answer; there may be more usages in them."
    )
