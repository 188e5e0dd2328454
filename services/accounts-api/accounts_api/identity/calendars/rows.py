from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from shared.events.calendars import CalendarDefinition


@dataclass(frozen=True)
class Calendar:
    """Which days and hours are worked."""

    workspace_id: UUID
    id: UUID
    key: str
    title: str
    time_zone: str | None
    is_default: bool
    definition: Mapping[str, object]
    version: int
    created_at: datetime
    updated_at: datetime

    @cached_property
    def days(self) -> CalendarDefinition:
        return CalendarDefinition.model_validate(self.definition)
