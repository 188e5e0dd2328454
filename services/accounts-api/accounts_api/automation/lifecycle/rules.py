"""Which status holds, given which rules match."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.records import LifecycleStatus

LifecycleRuleStatus = TypeAliasType(
    "LifecycleRuleStatus",
    Annotated[
        Literal["ignored", "churned", "trial"],
        Field(
            description="A status that lifecycle rules give; an account that satisfies none is"
            " `subscribed`."
        ),
    ],
)
PRECEDENCE: Final[tuple[LifecycleRuleStatus, ...]] = ("ignored", "churned", "trial")
DEFAULT: Final[LifecycleStatus] = "subscribed"


def since(mapped: datetime | None, matched_at: datetime, now: datetime) -> datetime:
    """A mapped date that has come, else the instant when the rule first matched."""
    return matched_at if mapped is None or mapped > now else mapped
