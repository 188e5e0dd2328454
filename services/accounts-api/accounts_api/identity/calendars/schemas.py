from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.business_time import TimeUnit, Weekday
from shared.calendar_definition import ClosedDay, ExtraWorkingDay, WorkingHours
from shared.schemas import (
    Country,
    Day,
    IfUnreadable,
    In,
    Instant,
    OneLine,
    Out,
    Patch,
    Slug,
    StoredOut,
    TimeZone,
    Title,
)

_WEEK: dict[str, Any] = {
    "monday": [{"start": "09:00", "end": "12:30"}, {"start": "13:30", "end": "18:00"}],
    "tuesday": [{"start": "09:00", "end": "17:00"}],
    "friday": [{"start": "09:00", "end": "14:00"}],
}
_GIVEN: dict[str, Any] = {
    "title": "Munich office",
    "time_zone": "Europe/Berlin",
    "working_hours": _WEEK,
    "country": "DE",
    "subdivision": "BY",
    "closed_days": [{"date": "2026-12-24", "title": "Christmas Eve"}],
    "extra_working_days": [
        {"date": "2026-12-19", "title": "Year-end closing", "working_hours": None}
    ],
}
_CALENDAR: dict[str, Any] = {
    "id": "0198c0de-ca1e-7a3b-8c4d-5e6f708192a3",
    "key": "munich_office",
    **_GIVEN,
    "default": False,
    "unreadable": None,
    "version": 1,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-01-05T09:00:00Z",
}

KEY: Any = Field(
    description="A word for it that is the same in every workspace, such as `munich_office`; it"
    " stands wherever the id does."
)
TITLE: Any = Field(description="What people call it.")
ZONE: Any = Field(
    description="The IANA zone of its hours. Null: that of the member who works by it, else the"
    " workspace's. The default calendar is always in the workspace's."
)
HOURS: Any = Field(
    description="The hours of each working day of the week; what is between two of them is a break."
)
COUNTRY: Any = Field(description="The country whose public holidays are not worked; null: none.")
SUBDIVISION: Any = Field(
    description="The part of the country whose own public holidays are not worked either, by its"
    " code in ISO 3166-2, such as `BY`."
)
CLOSED: Any = Field(description="Your own closed days, in any order.")
EXTRA: Any = Field(
    description="Your own extra working days, in any order: worked whatever the week and the public"
    " holidays say."
)
DEFAULT: Any = Field(
    description="True makes it the calendar of the workspace, in place of the one that was."
)

WallTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Subdivision = Annotated[str, StringConstraints(min_length=1, max_length=10), OneLine]


class WorkingHoursIn(In):
    """A stretch of a working day."""

    start: Annotated[WallTime, Field(description="The first minute, as wall time.")]
    end: Annotated[WallTime, Field(description="As wall time, not included; `24:00` is midnight.")]


Stretches = Annotated[list[WorkingHoursIn], Field(max_length=10)]


class ClosedDayIn(In):
    """A day on which nobody works."""

    date: Annotated[Day, Field(description="The day.")]
    title: Annotated[Title, Field(description="What it is called.")]


class ExtraWorkingDayIn(In):
    """A day that is worked although its weekday is not, or a public holiday falls on it."""

    date: Annotated[Day, Field(description="The day.")]
    title: Annotated[Title, Field(description="What it is called.")]
    working_hours: Annotated[
        Stretches | None,
        Field(description="Its hours; null: those of the first working day of the week."),
    ] = None


_NINE_TO_FIVE = [WorkingHoursIn(start="09:00", end="17:00")]
_USUAL: dict[Weekday, list[WorkingHoursIn]] = {
    "monday": _NINE_TO_FIVE,
    "tuesday": _NINE_TO_FIVE,
    "wednesday": _NINE_TO_FIVE,
    "thursday": _NINE_TO_FIVE,
    "friday": _NINE_TO_FIVE,
}


class CalendarIn(In):
    """A calendar to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    key: Annotated[Slug | None, KEY] = None
    title: Annotated[Title, TITLE]
    time_zone: Annotated[TimeZone | None, ZONE] = None
    working_hours: Annotated[dict[Weekday, Stretches], HOURS] = _USUAL
    country: Annotated[Country | None, COUNTRY] = None
    subdivision: Annotated[Subdivision | None, SUBDIVISION] = None
    closed_days: Annotated[list[ClosedDayIn], Field(max_length=1_000), CLOSED] = []
    extra_working_days: Annotated[list[ExtraWorkingDayIn], Field(max_length=1_000), EXTRA] = []
    default: Annotated[bool, DEFAULT] = False


class CalendarPatch(Patch):
    """The fields of a calendar to change; one that is left out stays. A list replaces the one
    before; the days of the week change each by itself, and null makes one a day off.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"closed_days": [{"date": "2027-05-28", "title": "Company outing"}]}]
        }
    )

    title: Annotated[Title, TITLE] = ""
    time_zone: Annotated[TimeZone | None, ZONE] = None
    working_hours: Annotated[dict[Weekday, Stretches | None], HOURS] = {}
    country: Annotated[Country | None, COUNTRY] = None
    subdivision: Annotated[Subdivision | None, SUBDIVISION] = None
    closed_days: Annotated[list[ClosedDayIn], Field(max_length=1_000), CLOSED] = []
    extra_working_days: Annotated[list[ExtraWorkingDayIn], Field(max_length=1_000), EXTRA] = []
    default: Annotated[bool, DEFAULT] = False


class CalendarOut(StoredOut):
    """Which days and hours are worked. Business days of rules, formulas, tasks and sequences are
    those of the workspace's default calendar; those of a task are its assignee's.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_CALENDAR]})

    id: UUID
    key: Annotated[str, KEY]
    title: Annotated[str, TITLE]
    time_zone: Annotated[str | None, ZONE]
    default: bool = Field(description="Whether it is the calendar of the workspace.")
    working_hours: Annotated[dict[Weekday, list[WorkingHours]], IfUnreadable({}), HOURS]
    country: Annotated[str | None, IfUnreadable(None), COUNTRY]
    subdivision: Annotated[str | None, IfUnreadable(None), SUBDIVISION]
    closed_days: Annotated[
        list[ClosedDay], IfUnreadable([]), Field(description="Your own closed days, by date.")
    ]
    extra_working_days: Annotated[
        list[ExtraWorkingDay],
        IfUnreadable([]),
        Field(description="Your own extra working days, by date."),
    ]
    version: int
    created_at: datetime
    updated_at: datetime


class TimeAddition(In):
    """A length of time to add to an instant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"from": "2026-12-23T15:00:00Z", "amount": 2, "unit": "business_days"}]
        }
    )

    start: Instant = Field(alias="from", description="The instant to count from.")
    amount: int = Field(
        ge=-10_000, le=10_000, description="How many of the unit; negative counts back."
    )
    unit: TimeUnit
    time_zone: TimeZone | None = Field(
        default=None,
        description="The zone of whoever works by a calendar that has none; null: the workspace's.",
    )


class SkippedDay(Out):
    """A day that was not counted."""

    date: Day = Field(description="The day.")
    reason: str = Field(
        description="`not_worked`: its weekday has no hours. `public_holiday`. `closed_day`: one of"
        " your own."
    )
    title: str = Field(description="What it is called.")


class TimeAdded(Out):
    """Where a length of time leads, and what was passed over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-12-29T15:00:00Z",
                    "local": "2026-12-29T16:00:00+01:00",
                    "time_zone": "Europe/Berlin",
                    "skipped_days": [
                        {"date": "2026-12-24", "reason": "closed_day", "title": "Christmas Eve"}
                    ],
                    "more_skipped_days": False,
                }
            ]
        }
    )

    at: datetime = Field(description="The instant, in UTC.")
    local: str = Field(description="The same instant as wall time, with its offset.")
    time_zone: str = Field(description="The IANA zone that was counted in.")
    skipped_days: list[SkippedDay] = Field(
        description="The days on the way that were not counted, in order, the first 100; empty for"
        " a unit that asks for no calendar."
    )
    more_skipped_days: bool = Field(description="Whether there are more than are listed.")
