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

    type: str
    id: str
    title: str


class UsagesOut(BaseModel):
    """Who uses a trait, a segment, a key role, a member or an object type, in every service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"records": 1000, "more_records": True, "usages": [_SEGMENT], "not_asked": []}
            ]
        }
    )

    records: int = Field(
        description="With a value of the trait, in the segment, with a holder of the key role, or"
        " on which the member holds one, or of the object type; counted to 1,000."
    )
    more_records: bool
    usages: list[UsageOut]
    not_asked: list[ServiceName] = Field(
        description="Services that did not answer: they may use it, too."
    )
