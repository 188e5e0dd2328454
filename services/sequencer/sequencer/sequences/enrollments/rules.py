"""Whether an enrollment may go on. The same answer ends it, pauses it, and stops a hand-over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.sequences import EnrollmentEntry

EnrollmentState = TypeAliasType(
    "EnrollmentState",
    Annotated[
        Literal["active", "paused", "exited"],
        Field(
            description="`active`: on its way. `paused`: it waits for a person, or for what"
            " stopped it"
            " to go. `exited`: it is over."
        ),
    ],
)
EnrollmentExitReason = TypeAliasType(
    "EnrollmentExitReason",
    Annotated[
        Literal[
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
            "manual",
        ],
        Field(
            description="Why an enrollment ended. `completed`: its last step is done. `replied`,"
            " `unsubscribed`, `complained`: by the contact. `closed`: the opportunity."
            " `churned`, `ignored`: the account. `manual`: a person took it out."
        ),
    ],
)
EnrollmentPauseReason = TypeAliasType(
    "EnrollmentPauseReason",
    Annotated[
        Literal[
            "manual",
            "contact_bounced",
            "contact_soft_bounced",
            "contact_suppressed",
            "contact_gone",
            "expiration_missing",
            "failed",
        ],
        Field(
            description="Why an enrollment is paused. `manual`: a person paused it. `failed`:"
            " something unforeseen went wrong when it was to be stopped, and a person"
            " resumes it. It goes on by itself from `expiration_missing` once there is"
            " one."
        ),
    ],
)

SERVED = frozenset({"subscribed", "trial"})
"""Lifecycle statuses that automation writes to."""
Unwanted = Literal["unsubscribed", "complained"]
Unreachable = Literal["contact_bounced", "contact_suppressed", "contact_soft_bounced"]
ContactProblem = TypeAliasType(
    "ContactProblem",
    Annotated[
        Literal["contact_gone", Unwanted, Unreachable],
        Field(description="Why a contact cannot be written to."),
    ],
)
_WORDS: dict[str, Unwanted | Unreachable] = {
    "unsubscribed": "unsubscribed",
    "complained": "complained",
    "bounced": "contact_bounced",
    "hard_bounce": "contact_bounced",
    "manual": "contact_suppressed",
    "soft_bounces": "contact_soft_bounced",
}
"""What a mail status, or the reason of a suppression, says of a contact; the weightiest first."""
UNREACHABLE: frozenset[str] = frozenset(get_args(Unreachable))
UNWANTED: frozenset[str] = frozenset(get_args(Unwanted))
REENTERS: frozenset[str] = frozenset(
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
    def problem(self) -> ContactProblem | None:
        if not self.known:
            return "contact_gone"
        words = {self.email_status, self.suppressed_for} - {"ok", None}
        known = (word for reason, word in _WORDS.items() if reason in words)
        return next(known, "contact_bounced" if words else None)


@dataclass(frozen=True, slots=True)
class EnrollmentFacts:
    """What decides over an open enrollment, as known now."""

    entry: EnrollmentEntry
    sequence_archived: bool
    opportunity_exists: bool
    is_closed: bool
    lifecycle_status: str
    in_audience: bool
    in_account_segment: bool
    send_deadline: datetime | None
    """Hand-overs begin before it; None: the date is missing."""
    reach: Reach


@dataclass(frozen=True, slots=True)
class Exit:
    reason: EnrollmentExitReason


@dataclass(frozen=True, slots=True)
class Pause:
    reason: EnrollmentPauseReason


def obstacle(facts: EnrollmentFacts, now: datetime) -> Exit | Pause | None:
    """Why nothing may be sent in this enrollment now; None: something may."""
    if facts.sequence_archived:
        return Exit("sequence_archived")
    if not facts.opportunity_exists:
        return Exit("record_deleted")
    if facts.is_closed:
        return Exit("closed")
    if facts.lifecycle_status not in SERVED:
        return Exit("ignored" if facts.lifecycle_status == "ignored" else "churned")
    if not facts.in_account_segment or (facts.entry == "audience" and not facts.in_audience):
        return Exit("left_audience")
    if facts.send_deadline is None:
        return Pause("expiration_missing")
    if now >= facts.send_deadline:
        return Exit("contract_expired")
    problem = facts.reach.problem
    if problem == "unsubscribed" or problem == "complained":  # noqa: PLR1714  (mypy narrows by it)
        return Exit(problem)
    return Pause(problem) if problem else None
