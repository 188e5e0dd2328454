from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from shared.business_time import WEEKDAYS
from shared.calendar_definition import CalendarDefinition, WorkingHours

USUAL: Final = CalendarDefinition(
    working_hours={day: [WorkingHours(start="09:00", end="17:00")] for day in WEEKDAYS[:5]},
    country=None,
    subdivision=None,
    closed_days=[],
    extra_working_days=[],
)
"""Monday to Friday, nine to five."""


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
        """The usual ones, when what is stored cannot be read any more."""
        try:
            return CalendarDefinition.model_validate(self.definition)
        except ValidationError:
            return USUAL
