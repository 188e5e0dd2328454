from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.schemas import Currency, In, Instant, OneLine, Out, Patch, TimeZone, Title
from shared.values.plain import near_day

_SETTINGS: dict[str, Any] = {
    "fiscal_year_start_month": 2,
    "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "holidays": ["2026-12-25"],
    "support_contact": "cs-ops@example.com",
    "seat_limit": 25,
    "holds": {"sending": False},
}

Month = Annotated[int, Field(ge=1, le=12)]
SeatCount = Annotated[int, Field(ge=0, le=1_000_000)]
SupportContact = Annotated[str, Field(min_length=1, max_length=300), OneLine]


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


def _working(days: list[Weekday]) -> list[Weekday]:
    """Each once, in the order of the week."""
    return sorted(set(days), key=WEEKDAYS.index)


def _dates(days: list[str]) -> list[str]:
    """Each once, in order; kept as they are written in JSON."""
    for day in days:
        if near_day(date.fromisoformat(day)).isoformat() != day:
            raise ValueError("A holiday is a date such as 2026-12-25.")
    return sorted(set(days))


WorkingDays = Annotated[list[Weekday], Field(min_length=1, max_length=50), AfterValidator(_working)]
HolidayText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Holidays = Annotated[list[HolidayText], Field(max_length=1_000), AfterValidator(_dates)]


class Holds(BaseModel):
    """What stands still until someone lets it go on."""

    model_config = ConfigDict(extra="forbid")

    sending: bool = Field(default=False, description="No mail leaves while true.")


class WorkspaceSettings(BaseModel):
    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True,
        json_schema_extra={"examples": [_SETTINGS]},
    )

    fiscal_year_start_month: Month = 1
    working_days: WorkingDays = Field(
        default=list(WEEKDAYS[:5]), description="Which days of the week count as business days."
    )
    holidays: Holidays = Field(
        default=[], description="Dates that rules do not count as business days."
    )
    support_contact: SupportContact | None = Field(
        default=None, description="Whom to ask; shown where something is refused."
    )
    seat_limit: SeatCount | None = Field(
        default=None, description="Paid seats: every role but observer. Null is no limit."
    )
    holds: Holds = Holds()


class HoldsPatch(Patch):
    sending: bool = False


class SettingsPatch(Patch):
    fiscal_year_start_month: Month | None = None
    working_days: WorkingDays | None = None
    holidays: Holidays | None = None
    support_contact: SupportContact | None = None
    seat_limit: SeatCount | None = None
    holds: HoldsPatch | None = None


class WorkspacePatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"time_zone": "America/New_York", "settings": {"fiscal_year_start_month": 2}}
            ]
        }
    )

    name: Title = ""
    time_zone: TimeZone = "UTC"
    currency: Currency = "USD"
    settings: SettingsPatch = Field(
        default_factory=SettingsPatch, description="Merged key by key; null restores the default."
    )


class WorkspaceOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    "name": "Acme Analytics",
                    "time_zone": "America/New_York",
                    "currency": "USD",
                    "sandbox": False,
                    "frozen_at": None,
                    "settings": _SETTINGS,
                    "version": 4,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-02-11T14:30:00Z",
                }
            ]
        }
    )

    id: UUID = Field(validation_alias="workspace_id")
    name: str
    time_zone: str
    currency: str
    sandbox: bool
    frozen_at: datetime | None = Field(description="Where a sandbox's clock stands; null: it runs.")
    settings: WorkspaceSettings
    version: int
    created_at: datetime
    updated_at: datetime


class ClockIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"frozen_at": "2026-11-02T09:00:00Z"}]}
    )

    frozen_at: Instant | None = Field(description="Null lets the clock run with the world's.")


class ClockOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "now": "2026-11-02T09:00:00Z",
                    "frozen_at": "2026-11-02T09:00:00Z",
                    "sandbox": True,
                    "time_zone": "America/New_York",
                }
            ]
        }
    )

    now: datetime = Field(description="Workspace time, which every business decision uses.")
    frozen_at: datetime | None
    sandbox: bool
    time_zone: str
