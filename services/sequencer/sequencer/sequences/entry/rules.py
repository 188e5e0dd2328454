"""May a record enter a sequence? Every gate with its verdict, so the answer explains itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sequencer.sequences.enrollments.rules import (
    REENTERS,
    SERVED,
    EnrollmentExitReason,
    Reach,
    Unreachable,
)
from shared.events.sequences import BlockCause, EnrollmentEntry

STEP_LEFT = "step_left"


@dataclass(frozen=True, slots=True)
class Choice:
    """A contact who could be written to, best first."""

    contact_id: UUID
    has_trait: bool
    reach: Reach


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What the gates look at."""

    entry: EnrollmentEntry
    is_held: bool
    """It came in quietly, and nobody has let it enter."""
    sequence_enabled: bool
    has_audience: bool
    in_audience: bool
    in_account_segment: bool
    enrolled: bool
    last_exit: EnrollmentExitReason | None
    """Why the latest enrollment of the record in this sequence ended."""
    opportunity_exists: bool
    is_closed: bool
    account_known: bool
    lifecycle_status: str
    send_deadline: datetime | None
    """Hand-overs begin before it; None: the date is missing."""
    latest_day: date | None
    """The last day on which a record enters by itself."""
    today: date
    steps_left: Literal["some", "none", "all_sent"]
    """Whether a mail of the sequence could still leave before the expiration."""
    has_deal_room: bool
    """Or need not have one."""
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Gate:
    """`cause`: what stands in the way is a person's task."""

    name: str
    passed: bool
    detail: str
    cause: BlockCause | None = None


_UNREACHABLE: dict[Unreachable, str] = {
    "contact_bounced": "Mail to the contact bounced.",
    "contact_suppressed": "A person asked that nothing is sent to the contact.",
    "contact_soft_bounced": "Mail to the contact came back several times; its address is suppressed"
    " for a month.",
}


def best_choice(choices: Sequence[Choice]) -> UUID | None:
    """The first who has the trait and can be written to."""
    return next(
        (
            choice.contact_id
            for choice in choices
            if choice.has_trait and choice.reach.problem is None
        ),
        None,
    )


def gates(facts: EntryFacts, now: datetime) -> list[Gate]:
    return [*_general(facts, now), *_preparations(facts)]


def verdict(verdicts: Sequence[Gate]) -> tuple[bool, list[BlockCause]]:
    """May it enter; and if only people's tasks stand in the way, which."""
    failed = [gate for gate in verdicts if not gate.passed]
    if any(gate.cause is None for gate in failed):
        return False, []
    causes = list(dict.fromkeys(gate.cause for gate in failed if gate.cause is not None))
    if "contract_expired" in causes:
        causes = ["contract_expired"]
    return not failed, causes


def _general(facts: EntryFacts, now: datetime) -> list[Gate]:
    by_itself = facts.entry == "audience"
    verdicts = [
        _gate(
            "sequence_enabled",
            facts.sequence_enabled,
            "The sequence is enabled.",
            "The sequence is not enabled.",
        ),
        _gate(
            "opportunity_exists",
            facts.opportunity_exists,
            "The opportunity exists.",
            "The opportunity is deleted.",
        ),
        _gate(
            "opportunity_open",
            not facts.is_closed,
            "The opportunity is open.",
            "The opportunity is closed.",
        ),
        _gate(
            "lifecycle_status",
            facts.account_known and facts.lifecycle_status in SERVED,
            f"The account is {facts.lifecycle_status}.",
            f"The account is {facts.lifecycle_status}."
            if facts.account_known
            else "The opportunity has no account.",
        ),
        _gate(
            "account_segment",
            facts.in_account_segment,
            "The account is in the segment that the sequence asks for.",
            "The account is not in the segment that the sequence asks for.",
        ),
        _gate("not_enrolled", not facts.enrolled, "Not enrolled yet.", "Enrolled already."),
        _gate(
            "not_held",
            not facts.is_held,
            "No quiet write holds it back.",
            "It came in quietly: release its quiet batch, or enter it by hand.",
        ),
    ]
    if by_itself:
        inside = facts.has_audience and facts.in_audience
        again = facts.last_exit is None or facts.last_exit in REENTERS
        verdicts += [
            _gate("audience", inside, "In the audience.", "Not in the audience."),
            _gate(
                "first_time",
                again,
                "Not been through this sequence.",
                f"Been through this sequence: {facts.last_exit}. A person may enter it again.",
            ),
        ]
    verdicts.append(_not_expired(facts, now))
    return verdicts


def _not_expired(facts: EntryFacts, now: datetime) -> Gate:
    if facts.send_deadline is None:
        return Gate("not_expired", True, "There is no expiration yet.")
    passed = now < facts.send_deadline
    detail = "The contract still runs." if passed else "The contract has expired."
    return Gate(
        "not_expired", passed, detail, "contract_expired" if facts.entry == "manual" else None
    )


def _preparations(facts: EntryFacts) -> list[Gate]:
    verdicts = [
        Gate(
            "expiration",
            facts.send_deadline is not None,
            "The expiration is known." if facts.send_deadline else "The expiration is missing.",
            "expiration_missing",
        ),
        Gate(
            "deal_room",
            facts.has_deal_room,
            "There is a deal room." if facts.has_deal_room else "There is no deal room.",
            "no_deal_room",
        ),
        _contact(facts.choices),
        _step_left(facts.steps_left),
    ]
    if facts.entry == "audience" and facts.latest_day is not None:
        passed = facts.today <= facts.latest_day
        detail = f"Enters by itself until {facts.latest_day.isoformat()}" + (
            "." if passed else "; later a person decides."
        )
        verdicts.append(Gate("in_time", passed, detail, "manual_entry_required"))
    return verdicts


def _step_left(left: Literal["some", "none", "all_sent"]) -> Gate:
    if left == "all_sent":
        return Gate(STEP_LEFT, False, "Every step was sent before.")
    passed = left == "some"
    detail = "A step is left before the expiration."
    if not passed:
        detail = "No step is left before the expiration: send one mail now, or call."
    return Gate(STEP_LEFT, passed, detail, "manual_entry_required")


def _contact(choices: Sequence[Choice]) -> Gate:
    chosen = [choice for choice in choices if choice.has_trait]
    if best_choice(choices) is not None:
        return Gate("contact", True, "There is a contact to write to.", "no_product_admin")
    problems = {choice.reach.problem for choice in chosen}
    for cause, detail in _UNREACHABLE.items():
        if cause in problems:
            return Gate("contact", False, detail, cause)
    detail = (
        "Nobody with the role can be written to." if chosen else "Nobody has the role to write to."
    )
    return Gate("contact", False, detail, "no_product_admin")


def _gate(name: str, passed: bool, yes: str, no: str) -> Gate:  # noqa: FBT001
    return Gate(name, passed, yes if passed else no)
