"""Whether an enrollment may go on. The same answer ends it, pauses it, and stops a hand-over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Entry = Literal["audience", "manual"]
State = Literal["active", "paused", "ended"]
EndReason = Literal[
    "completed",
    "replied",
    "unsubscribed",
    "complained",
    "left_audience",
    "contract_expired",
    "closed",
    "churned",
    "ignored",
    "record_deleted",
    "sequence_archived",
    "by_hand",
]
PauseReason = Literal[
    "by_hand",
    "contact_bounced",
    "contact_resting",
    "contact_suppressed",
    "contact_gone",
    "expiration_missing",
    "failed",
]
"""`failed`: something unforeseen went wrong when it was to be stopped. It goes on by hand."""

SERVED = frozenset({"subscribed", "trial"})
"""Lifecycle statuses that automation writes to."""
Unwanted = Literal["unsubscribed", "complained"]
Unreachable = Literal["contact_bounced", "contact_suppressed", "contact_resting"]
Problem = Literal["contact_gone"] | Unwanted | Unreachable
_WORDS: dict[str, Unwanted | Unreachable] = {
    "unsubscribed": "unsubscribed",
    "complained": "complained",
    "bounced": "contact_bounced",
    "hard_bounce": "contact_bounced",
    "manual": "contact_suppressed",
    "soft_bounces": "contact_resting",
}
"""What a mail status, or the reason of a suppression, says of a contact; the weightiest first."""
UNREACHABLE: frozenset[str] = frozenset(get_args(Unreachable))
UNWANTED: frozenset[str] = frozenset(get_args(Unwanted))
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
    def problem(self) -> Problem | None:
        if not self.known:
            return "contact_gone"
        told = {self.email_status, self.suppressed_for} - {"ok", None}
        known = (word for reason, word in _WORDS.items() if reason in told)
        return next(known, "contact_bounced" if told else None)


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
    if problem == "unsubscribed" or problem == "complained":  # noqa: PLR1714  (mypy narrows by it)
        return End(problem)
    return Pause(problem) if problem else None
