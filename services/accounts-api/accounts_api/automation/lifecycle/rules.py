"""Which status holds, given which rules match."""

from datetime import datetime
from typing import Final, Literal

RuleStatus = Literal["ignored", "churned", "trial"]
Status = Literal["ignored", "churned", "trial", "subscribed"]
PRECEDENCE: Final[tuple[RuleStatus, ...]] = ("ignored", "churned", "trial")
DEFAULT: Final[Status] = "subscribed"


def since(mapped: datetime | None, matched_at: datetime, now: datetime) -> datetime:
    """A mapped date that has come, else the instant when the rule first matched."""
    return matched_at if mapped is None or mapped > now else mapped
