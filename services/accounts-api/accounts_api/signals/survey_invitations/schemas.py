from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from accounts_api.signals.survey_invitations.rules import GateName, InvitationState, Via
from shared.schemas import ExternalId, In, KeyOrId, OneLine, Out

MOST_CONTACTS = 500
_CONTACT = "0198c0de-0004-7a3b-8c4d-5e6f708192a3"
_ACCOUNT = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"
_SURVEY = "0198c0de-6100-7c44-9f3a-2f6f0c1f7a01"
_GATES: list[dict[str, Any]] = [
    {
        "gate": "audience",
        "passed": True,
        "because": "In the audience.",
        "until": None,
        "survey_id": None,
    },
    {
        "gate": "any_survey",
        "passed": False,
        "because": "Asked by 'After onboarding' on 20 February 2026, less than 30 days ago.",
        "until": "2026-03-22T09:00:00Z",
        "survey_id": "0198c0de-6101-7c44-9f3a-2f6f0c1f7a01",
    },
]
_ELIGIBILITY: dict[str, Any] = {
    "contact_id": _CONTACT,
    "account_id": _ACCOUNT,
    "eligible": False,
    "gates": _GATES,
}


class InvitedContact(In):
    """A contact to invite, by either of their ids."""

    contact_id: UUID | None = Field(
        default=None, description="The id of the contact; or name them by `contact_external_id`."
    )
    contact_external_id: ExternalId | None = Field(
        default=None, description="The contact by their `external_id`, in place of `contact_id`."
    )
    account_id: UUID | None = Field(
        default=None,
        description="The account for which they are asked, one of theirs. Null: one that has not"
        " churned before others, of these the one they have been with longest.",
    )

    @model_validator(mode="after")
    def _one_contact(self) -> "InvitedContact":
        if (self.contact_id is None) == (self.contact_external_id is None):
            raise ValueError("Say `contact_id` or `contact_external_id`, one of them.")
        return self


class InvitationsIn(In):
    """Contacts to invite to a survey."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"contacts": [{"contact_id": _CONTACT}]},
                {"contacts": [{"contact_external_id": "0035g00000AbC1AAAV"}]},
            ]
        }
    )

    contacts: list[InvitedContact] = Field(
        min_length=1, max_length=MOST_CONTACTS, description="Judged in this order."
    )


class ServiceInvitedContact(In):
    """A contact whom another of our services invites."""

    contact_id: UUID
    account_id: UUID | None = None
    request_key: Annotated[str, Field(min_length=1, max_length=200), OneLine] = Field(
        description="Asked again by it, the invitation is the same."
    )


class ServiceInvitationsIn(In):
    """Contacts whom another of our services invites to a survey."""

    survey_id: KeyOrId
    via: Via
    contacts: list[ServiceInvitedContact] = Field(min_length=1, max_length=MOST_CONTACTS)


class SurveyGateOut(Out):
    """One reason for which a contact might not be asked."""

    gate: GateName
    passed: bool = Field(description="Whether it lets the contact be asked.")
    because: str = Field(description="Why, for people.")
    until: datetime | None = Field(
        description="When it opens by itself; null: it is open, or time alone does not open it."
    )
    survey_id: UUID | None = Field(
        description="The survey that asked too recently; null of any other gate."
    )


class SurveyEligibilityOut(Out):
    """Whether a contact may be asked by a survey now, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ELIGIBILITY]})

    contact_id: UUID
    account_id: UUID | None = Field(
        description="The account for which they would be asked; null: they are of none."
    )
    eligible: bool = Field(description="Whether every gate is open.")
    gates: list[SurveyGateOut] = Field(
        description="Every gate, open or not. Addresses that only the suppressions of sequences"
        " know of are judged when a mail is sent."
    )


class InvitationVerdict(Out):
    """What became of one contact of the request."""

    contact_id: UUID
    account_id: UUID | None = Field(
        description="The account for which they are asked; null: they are of none."
    )
    invited: bool = Field(description="Whether there is an invitation.")
    invitation_id: UUID | None = Field(description="The id of the invitation; null: there is none.")
    url: str | None = Field(
        description="The link by which they answer, theirs alone; null: they were not invited."
    )
    expires_at: datetime | None = Field(
        description="When the link ends, by the workspace's clock; null: there is none."
    )
    gates: list[SurveyGateOut] = Field(
        description="The gates that were closed; empty when invited."
    )


class InvitationVerdicts(Out):
    """What became of each contact, in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "contact_id": _CONTACT,
                            "account_id": _ACCOUNT,
                            "invited": True,
                            "invitation_id": "0198c0de-6200-7c44-9f3a-2f6f0c1f7a01",
                            "url": "https://tenure.example/s/b0sWx…",
                            "expires_at": "2026-05-01T09:00:00Z",
                            "gates": [],
                        }
                    ]
                }
            ]
        }
    )

    data: list[InvitationVerdict] = Field(description="In the order of the request.")


class SurveyInvitationOut(Out):
    """A contact who was asked by a survey."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-6200-7c44-9f3a-2f6f0c1f7a01",
                    "survey_id": _SURVEY,
                    "contact_id": _CONTACT,
                    "account_id": _ACCOUNT,
                    "via": "api",
                    "state": "sent",
                    "question_version": 1,
                    "invited_at": "2026-03-02T09:00:00Z",
                    "expires_at": "2026-05-01T09:00:00Z",
                    "answered_at": None,
                    "withdrawn_at": None,
                    "created_at": "2026-03-02T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    survey_id: UUID = Field(description="The id of the survey.")
    contact_id: UUID
    account_id: UUID | None = Field(
        description="The account for which they are asked; null: they are of none."
    )
    via: Via
    state: InvitationState
    question_version: int = Field(description="The version of the questions when they were asked.")
    invited_at: datetime = Field(description="When, by the workspace's clock.")
    expires_at: datetime = Field(description="When the link ends, by the workspace's clock.")
    answered_at: datetime | None = Field(description="When they answered first; null: not yet.")
    withdrawn_at: datetime | None = Field(description="When it was withdrawn; null: it was not.")
    created_at: datetime


class SurveyGateCount(Out):
    """How many of the audience one gate keeps out."""

    gate: GateName
    closed: int = Field(description="For how many of the audience it is closed.")
    left: int = Field(
        description="How many are left after it and the gates before it, in this order."
    )


class SurveyPreviewOut(Out):
    """Whom a survey would reach if everybody were invited now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contacts": 1200,
                    "audience": 430,
                    "eligible": 388,
                    "gates": [{"gate": "bounced", "closed": 42, "left": 388}],
                    "samples": [{"contact_id": _CONTACT, "account_id": _ACCOUNT}],
                }
            ]
        }
    )

    contacts: int = Field(description="All living contacts.")
    audience: int = Field(description="Those in the audience.")
    eligible: int = Field(description="Those for whom every gate is open.")
    gates: list[SurveyGateCount] = Field(
        description="The audience less each gate, one after the other."
    )
    samples: list["PreviewedContact"] = Field(description="Ten of those who may be asked.")


class PreviewedContact(Out):
    """A contact who may be asked."""

    contact_id: UUID
    account_id: UUID | None = Field(
        description="The account for which they would be asked; null: they are of none."
    )
