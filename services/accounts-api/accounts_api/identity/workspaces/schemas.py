from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import Currency, In, Instant, OneLine, Out, Patch, TimeZone, Title

_SETTINGS: dict[str, Any] = {
    "fiscal_year_start_month": 2,
    "support_contact": "cs-ops@example.com",
    "seat_limit": 25,
    "holds": {"sending": False},
    "features": {"surveys": True},
}

Month = Annotated[int, Field(ge=1, le=12)]
SeatCount = Annotated[int, Field(ge=0, le=1_000_000)]
SupportContact = Annotated[str, Field(min_length=1, max_length=300), OneLine]


class Holds(BaseModel):
    """Work of the workspace that stands still until someone lets it go on."""

    model_config = ConfigDict(extra="forbid")

    sending: bool = Field(default=False, description="True keeps every mail from leaving.")


class Features(BaseModel):
    """Parts of Tenure that a workspace switches on."""

    model_config = ConfigDict(extra="forbid")

    surveys: bool = Field(
        default=False, description="True lets the workspace make surveys and send them."
    )


class WorkspaceSettings(BaseModel):
    """The settings of a workspace."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=True,
        json_schema_extra={"examples": [_SETTINGS]},
    )

    fiscal_year_start_month: Month = Field(
        default=1,
        description="The month in which the fiscal year begins, from 1 to 12; what rules say of"
        " quarters and fiscal years follows it.",
    )
    support_contact: SupportContact | None = Field(
        default=None,
        description="Whom to ask, shown where something is refused; null when nobody is named.",
    )
    seat_limit: SeatCount | None = Field(
        default=None,
        description="How many paid seats there are; every role but `observer` takes one. Null is no"
        " limit.",
    )
    holds: Holds = Field(
        default=Holds(), description="Work that stands still until someone lets it go on."
    )
    features: Features = Field(
        default=Features(), description="Parts of Tenure that are switched on."
    )


class HoldsPatch(Patch):
    """The holds to change; one that is left out stays."""

    sending: bool = Field(
        default=False, description="True keeps every mail from leaving; false lets them go again."
    )


class FeaturesPatch(Patch):
    """The parts of Tenure to switch on or off; one that is left out stays."""

    surveys: bool = Field(
        default=False,
        description="True lets the workspace make surveys and send them; false closes them with"
        " their links, and what was said stays.",
    )


class SettingsPatch(Patch):
    """The settings to change: one that is left out stays, null restores its default."""

    fiscal_year_start_month: Month | None = Field(
        default=None,
        description="The month in which the fiscal year begins, from 1 to 12. Rules that speak of"
        " it are evaluated again.",
    )
    support_contact: SupportContact | None = Field(
        default=None, description="Whom to ask, shown where something is refused."
    )
    seat_limit: SeatCount | None = Field(
        default=None,
        description="How many paid seats there are; null is no limit. Members who have a seat keep"
        " it.",
    )
    holds: HoldsPatch | None = Field(
        default=None, description="The holds to change, each by itself."
    )
    features: FeaturesPatch | None = Field(
        default=None, description="The parts to switch on or off, each by itself."
    )


class WorkspacePatch(Patch):
    """The fields of the workspace to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"time_zone": "America/New_York", "settings": {"fiscal_year_start_month": 2}}
            ]
        }
    )

    name: Title = Field(default="", description="The name of the company, as members see it.")
    time_zone: TimeZone = Field(
        default="UTC",
        description="The IANA zone in which rules, schedules and dates of the workspace are read."
        " Rules that speak of days are evaluated again.",
    )
    currency: Currency = Field(
        default="USD",
        description="The ISO 4217 code of the currency in which amounts are added up.",
    )
    settings: SettingsPatch = Field(
        default_factory=SettingsPatch, description="Merged key by key; null restores the default."
    )


class WorkspaceOut(Out):
    """A workspace: one company that uses Tenure, with everything it owns."""

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
    name: str = Field(description="The name of the company, as members see it.")
    time_zone: str = Field(
        description="The IANA zone in which rules, schedules and dates of the workspace are read."
    )
    currency: str = Field(
        description="The ISO 4217 code of the currency in which amounts are added up."
    )
    sandbox: bool = Field(
        description="True of a workspace for trying things out, whose clock can be set."
    )
    frozen_at: datetime | None = Field(
        description="The instant at which a sandbox's clock stands; null when it runs."
    )
    settings: WorkspaceSettings = Field(
        description="How the workspace is set up, every setting included."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class ClockIn(In):
    """Where the clock of a sandbox is to stand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"frozen_at": "2026-11-02T09:00:00Z"}]}
    )

    frozen_at: Instant | None = Field(
        description="The instant at which the clock stands from now on; null lets it run with the"
        " real one."
    )


class ClockOut(Out):
    """What time it is in a workspace."""

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
    frozen_at: datetime | None = Field(
        description="The instant at which the clock stands; null when it runs with the real one."
    )
    sandbox: bool = Field(description="Whether the clock can be set: only that of a sandbox can.")
    time_zone: str = Field(description="The IANA zone of the workspace.")
