from datetime import time
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from shared.schemas import In

WallTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday.")]


class SendWindow(In):
    """When mails may leave, in the contact's zone, else the account's, else the workspace's."""

    start: Annotated[WallTime, Field(description="The first minute, as wall time.")] = "09:00"
    end: WallTime = Field(
        default="17:00", description="As wall time; not included. `24:00` is midnight."
    )
    weekdays: Annotated[
        list[Weekday],
        Field(min_length=1, max_length=7, description="The days of the week; 1 is Monday."),
    ] = [1, 2, 3, 4, 5]
    skip_closed_days: bool = Field(
        default=True,
        description="Nothing leaves on days that are not worked by the workspace's default"
        " calendar, whatever `weekdays` says. False: mails leave on these days too.",
    )
    skip_public_holidays: bool = Field(
        default=False, description="Nothing leaves on holidays of the account's country."
    )

    @model_validator(mode="after")
    def _opens(self) -> "SendWindow":
        if self.end <= self.start:
            raise ValueError("The window ends before it begins.")
        return self

    def times(self) -> tuple[time, time]:
        """As wall times; midnight at the end is 00:00."""
        end = "00:00" if self.end == "24:00" else self.end
        return time.fromisoformat(self.start), time.fromisoformat(end)
