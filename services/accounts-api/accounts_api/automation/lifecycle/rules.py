"""Which status holds, given which rules match."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, TypeVar
from uuid import UUID

RuleStatus = Literal["ignored", "churned", "trial"]
Status = Literal["ignored", "churned", "trial", "subscribed"]
PRECEDENCE: Final[tuple[RuleStatus, ...]] = ("ignored", "churned", "trial")
DEFAULT: Final[Status] = "subscribed"

R = TypeVar("R")


def ranked(rules: Iterable[tuple[RuleStatus, UUID, R]]) -> list[R]:
    """By precedence of their status; of one status, the older rule first."""
    return [rule for _, _, rule in sorted(rules, key=lambda r: (PRECEDENCE.index(r[0]), r[1]))]


def since(mapped: datetime | None, matched_at: datetime, now: datetime) -> datetime:
    """A mapped date that has come, else the instant when the rule first matched."""
    return matched_at if mapped is None or mapped > now else mapped
