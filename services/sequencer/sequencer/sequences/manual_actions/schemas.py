from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.schemas import In


class EnrollmentNote(In):
    """Why somebody does it, for whoever reads the timeline."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "On holiday until the 20th."}]}
    )

    note: Annotated[
        Annotated[str, StringConstraints(max_length=2000)] | None,
        Field(description="It is shown in the timeline; null: no word."),
    ] = None


class ReplaceContact(In):
    """Who is written to from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact_id": "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d"}]}
    )

    contact_id: UUID = Field(description="Another contact of the account, who has an address.")


class SkipStep(In):
    """Which step is passed over."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"step_id": "0198c0de-60da-7c3e-9b5d-2f4e6a8c0b1d"}]}
    )

    step_id: UUID | None = Field(default=None, description="Null: the next one.")
