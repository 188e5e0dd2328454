"""Parts of bodies that the rows of tasks and of notes share."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.schemas import ExternalId, In, Instant, Patch, Slug, Source, Traits

EXTERNAL_ID: Any = Field(description="Its id in your system, unique among those of its kind.")
AUTHOR_ID: Any = Field(
    description="The member who wrote it, also one who has left; left out: whoever asks. To name"
    " somebody else takes `members:write`."
)
AUTHORED_AT: Any = Field(
    description="When it was written, by the workspace's clock; left out: now. To name another"
    " instant takes `members:write`."
)

TRAITS: Any = Field(
    description="The values of the workspace's own fields by key; one without a value is missing."
)


class Authored(Patch):
    """Where it comes from, and who wrote it when."""

    external_id: Annotated[ExternalId | None, EXTERNAL_ID] = None
    source: Source | None = None
    author_id: Annotated[UUID | None, AUTHOR_ID] = None
    authored_at: Annotated[Instant | None, AUTHORED_AT] = None


class Fields(Authored):
    """What a row says of any record, besides the fields of its kind."""

    subject_type: Annotated[
        Slug | None,
        Field(
            description="The type of the record that it is about: a record type or one of your"
            " object types.",
            examples=["opportunity"],
        ),
    ] = None
    subject_id: Annotated[
        UUID | None, Field(description="The id of the record that it is about.")
    ] = None
    subject_external_id: Annotated[
        ExternalId | None,
        Field(description="The `external_id` of that record, instead of `subject_id`."),
    ] = None
    account_id: Annotated[
        UUID | None, Field(description="The id of the account that it concerns.")
    ] = None
    account_external_id: Annotated[
        ExternalId | None,
        Field(description="The `external_id` of that account, instead of `account_id`."),
    ] = None
    traits: Traits = {}


class Identified(In):
    """How a row of a bulk write names its record by id."""

    id: Annotated[
        UUID | None,
        Field(description="The id of what is to change; left out: `external_id` says it."),
    ] = None
