"""Whether an enrollment may go on. The same answer ends it, pauses it, and stops a hand-over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Entry = Literal["audience", "manual"]
State = Literal["active", "paused", "ended"]
EndReason = Literal[
    "completed",
    "replied",
    "unsubscribed",
    "left_audience",
    "contract_expired",
    "closed",
    "churned",
    "ignored",
    "record_deleted",
    "sequence_archived",
    "by_hand",
]
PauseReason = Literal["by_hand", "contact_bounced", "contact_gone", "expiration_missing", "failed"]
"""`failed`: something unforeseen went wrong when it was to be stopped. It goes on by hand."""

SERVED = frozenset({"subscribed", "trial"})
"""Lifecycle statuses that automation writes to."""
UNWANTED = frozenset({"unsubscribed", "complained"})
ENTERS_AGAIN: frozenset[str] = frozenset(
    {
        "left_audience",
        "contract_expired",
        "closed",
        "churned",
        "ignored",
        "record_deleted",
        "sequence_archived",
    }
)
"""After these ends a record that comes back enters by itself; after the others a person decides."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether one contact can be written to."""

    known: bool
    """There is such a contact, active, at this account, with a mail address."""
    email_status: str
    suppressed_for: str | None

    @property
    def problem(self) -> Literal["contact_gone", "unsubscribed", "contact_bounced"] | None:
        if not self.known:
            return "contact_gone"
        if self.email_status in UNWANTED or self.suppressed_for in UNWANTED:
            return "unsubscribed"
        if self.email_status != "ok" or self.suppressed_for is not None:
            return "contact_bounced"
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides over an open enrollment, as known now."""

    entry: Entry
    sequence_archived: bool
    record_exists: bool
    is_closed: bool
    lifecycle_status: str
    in_audience: bool
    in_account_segment: bool
    last_start: datetime | None
    """Hand-overs begin before it; None: the date is missing."""
    reach: Reach


@dataclass(frozen=True, slots=True)
class End:
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Pause:
    reason: PauseReason


def obstacle(standing: Standing, now: datetime) -> End | Pause | None:
    """Why nothing may be sent in this enrollment now; None: something may."""
    if standing.sequence_archived:
        return End("sequence_archived")
    if not standing.record_exists:
        return End("record_deleted")
    if standing.is_closed:
        return End("closed")
    if standing.lifecycle_status not in SERVED:
        return End("ignored" if standing.lifecycle_status == "ignored" else "churned")
    if not standing.in_account_segment or (
        standing.entry == "audience" and not standing.in_audience
    ):
        return End("left_audience")
    if standing.last_start is None:
        return Pause("expiration_missing")
    if now >= standing.last_start:
        return End("contract_expired")
    problem = standing.reach.problem
    if problem == "unsubscribed":
        return End("unsubscribed")
    return Pause(problem) if problem else None
