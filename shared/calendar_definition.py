"""What a calendar says of days, as events carry it and services keep it."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.business_time import Weekday

Start = Annotated[str, Field(description="The wall time at which it begins, such as `09:00`.")]
End = Annotated[
    str, Field(description="The wall time at which it ends, such as `17:00`; `24:00` is midnight.")
]


class WorkingHours(BaseModel):
    """A stretch of a working day."""

    start: Start
    end: End


class ClosedDay(BaseModel):
    """A day on which nobody works."""

    date: str = Field(description="The day, such as `2026-12-24`.")
    title: str = Field(description="What it is called.")


class ExtraWorkingDay(BaseModel):
    """A day that is worked although its weekday is not, or a public holiday falls on it."""

    date: str = Field(description="The day, such as `2026-12-19`.")
    title: str = Field(description="What it is called.")
    working_hours: list[WorkingHours] | None = Field(
        description="Its hours; null: those of the first working day of the week."
    )


class CalendarDefinition(BaseModel):
    """Which days are worked, and when."""

    working_hours: dict[Weekday, list[WorkingHours]] = Field(
        description="The hours of each working day of the week, breaks left out. A day of the week"
        " that is not there is not worked."
    )
    country: str | None = Field(
        description="The ISO 3166 country whose public holidays are not worked; null: no country's."
    )
    subdivision: str | None = Field(
        description="The part of the country whose own public holidays are not worked either, such"
        " as `BY`; null: those of the whole country alone."
    )
    closed_days: list[ClosedDay] = Field(description="Your own closed days, by date.")
    extra_working_days: list[ExtraWorkingDay] = Field(
        description="Your own extra working days, by date."
    )
