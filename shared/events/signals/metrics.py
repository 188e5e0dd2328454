from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event
from shared.events.records import RecordType


class MetricDefinitionChanged(Event):
    """The definition of a success metric was made, edited or archived."""

    name: ClassVar[str] = "accounts.metric_definition_changed.v1"
    public_name: ClassVar[str | None] = "metric.definition_changed"

    id: UUID
    key: str = Field(description="The key of the metric.")
    title: str = Field(description="The title of the metric.")
    record_type: RecordType = Field(description="The type of the records that it is worked out of.")
    version: int
    archived: bool = Field(description="Whether it is archived, so that no record has a value.")
