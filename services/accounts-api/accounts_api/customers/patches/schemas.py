from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.schemas import In, Slug


class RecordPatch(In):
    """A JSON merge patch for one record, as whoever wrote it saw the record."""

    record_type: Slug
    id: UUID
    version: int
    values: dict[str, Any]


class PatchesIn(In):
    patches: Annotated[dict[str, RecordPatch], Field(min_length=1, max_length=10)] = Field(
        description="By a name of the asker's, with which every fault's pointer begins."
    )
