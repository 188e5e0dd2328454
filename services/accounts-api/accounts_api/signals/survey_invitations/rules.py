"""Whether a contact may be asked by a survey, gate by gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from accounts_api.signals.surveys.rules import Fatigue
from shared.events.records import EmailStatus

Via = TypeAliasType(
    "Via",
    Annotated[
        Literal["api", "sequence", "playbook"],
        Field(description="What invited a contact: a program of yours, a sequence, or a playbook."),
    ],
)
InvitationState = TypeAliasType(
    "InvitationState",
    Annotated[
        Literal["sent", "answered", "expired", "withdrawn"],
        Field(
            description="What became of an invitation: its link can be answered (`sent`), was"
            " `answered`, has `expired` unanswered, or was `withdrawn`."
        ),
    ],
)
GateName = TypeAliasType(
    "GateName",
    Annotated[
        Literal[
            "bounced",
            "unsubscribed",
            "deactivated",
            "audience",
            "churned",
            "same_survey",
            "any_survey",
            "account_quota",
        ],
        Field(
            description="What may keep a contact from being asked: their address (`bounced`,"
            " `unsubscribed`), that they are `deactivated`, that they are not in the `audience`,"
            " that their account has `churned`, that they were asked too recently by the"
            " `same_survey` or by `any_survey`, or that enough people of their account were asked"
            " (`account_quota`)."
        ),
    ],
)


@dataclass(frozen=True, slots=True)
class LastAsked:
    at: datetime
    survey_id: UUID
    survey_title: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a contact who is to be asked."""

    contact_id: UUID
    email_status: EmailStatus
    deactivated_at: datetime | None
    in_audience: bool | None
    """None: the audience can no longer be used."""
    account_id: UUID | None
    account_name: str | None
    churned: bool
    asked_at_account: int
    """Invitations to people of the account, in the days of the quota."""
    by_same: LastAsked | None
    by_any: LastAsked | None


@dataclass(frozen=True, slots=True)
class Gate:
    gate: GateName
    passed: bool
    because: str
    until: datetime | None = None
    """When it opens by itself; None: it is open, or time alone does not open it."""
    survey_id: UUID | None = None
    """The survey that asked too recently."""


def gates(
    candidate: Candidate, fatigue: Fatigue, now: datetime, *, include_churned: bool
) -> list[Gate]:
    """Every gate, open or not, in the order in which a preview takes from the audience."""
    return [
        _audience(candidate),
        *_reachable(candidate),
        _churned(candidate, include_churned=include_churned),
        _recently("same_survey", candidate.by_same, fatigue.same_survey_days, now),
        _recently("any_survey", candidate.by_any, fatigue.any_survey_days, now),
        _quota(candidate, fatigue),
    ]


def may_be_asked(judged: Sequence[Gate]) -> bool:
    return all(gate.passed for gate in judged)


def _audience(candidate: Candidate) -> Gate:
    because = {
        True: "In the audience.",
        False: "Not in the audience.",
        None: "The audience can no longer be used: mend the survey.",
    }
    return Gate("audience", candidate.in_audience is True, because[candidate.in_audience])


def _reachable(candidate: Candidate) -> list[Gate]:
    status = candidate.email_status
    bounced, unsubscribed = status == "bounced", status in {"unsubscribed", "complained"}
    gone = candidate.deactivated_at is not None
    said = {
        "unsubscribed": "They unsubscribed from mail.",
        "complained": "They complained about a mail.",
    }
    return [
        Gate(
            "bounced",
            not bounced,
            "Mail to their address came back." if bounced else "No mail to them came back.",
        ),
        Gate(
            "unsubscribed",
            not unsubscribed,
            said.get(status, "They have not unsubscribed, as far as their record says."),
        ),
        Gate("deactivated", not gone, "They are deactivated." if gone else "They are active."),
    ]


def _churned(candidate: Candidate, *, include_churned: bool) -> Gate:
    if candidate.account_id is None:
        return Gate("churned", True, "They are of no account.")
    if not candidate.churned:
        return Gate("churned", True, f"{candidate.account_name} has not churned.")
    because = f"{candidate.account_name} has churned"
    more = ", and the survey includes such." if include_churned else "."
    return Gate("churned", include_churned, because + more)


def _recently(name: GateName, last: LastAsked | None, days: int | None, now: datetime) -> Gate:
    if days is None:
        return Gate(name, True, "The survey sets no limit.")
    if last is None:
        return Gate(name, True, "They were not asked before.")
    until = last.at + timedelta(days=days)
    asked = f"Asked by {last.survey_title!r} on {last.at:%d %B %Y}"
    if until <= now:
        return Gate(name, True, f"{asked}, {days} days ago or more.")
    because = f"{asked}, less than {days} days ago."
    return Gate(name, False, because, until, last.survey_id)


def _quota(candidate: Candidate, fatigue: Fatigue) -> Gate:
    if fatigue.account_count is None or candidate.account_id is None:
        return Gate("account_quota", True, "There is no quota.")
    asked, most = candidate.asked_at_account, fatigue.account_count
    because = (
        f"{asked} of at most {most} people of {candidate.account_name} were asked in"
        f" {fatigue.account_days} days."
    )
    return Gate("account_quota", asked < most, because)
