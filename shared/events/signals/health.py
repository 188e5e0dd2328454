"""What the accounts service tells of how its customers are doing."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

HealthRecordType = TypeAliasType(
    "HealthRecordType",
    Annotated[
        Literal["account", "contact", "organization"],
        Field(description="The type of the records that a health score is of."),
    ],
)
