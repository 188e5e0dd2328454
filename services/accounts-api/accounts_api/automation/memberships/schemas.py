from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.segments.schemas import EXAMPLE_ID, Priority
from accounts_api.evaluation.rule_checks.schemas import EXPLANATION, RECORD, RULE, TEXT, RuleIn
from shared.events.accounts import RecordType
from shared.schemas import In, Out, Slug

_SAMPLE: dict[str, Any] = {"id": RECORD, "name": "Acme renewal 2026"}


class SegmentPreviewIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record_type": "opportunity", "rule": TEXT, "segment_id": EXAMPLE_ID}]
        }
    )

    record_type: RecordType
    rule: RuleIn
    segment_id: UUID | None = Field(
        default=None, description="Compare with this segment's members."
    )
    group: Slug | None = Field(
        default=None,
        description="As it would be; left out, that of `segment_id`. Records that segments of a"
        " lower priority number hold are not counted.",
    )
    priority: Priority | None = None


class SegmentSample(Out):
    id: UUID
    name: str | None


class SegmentPreviewOut(Out):
    """What a draft would make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rule": RULE,
                    "rule_text": TEXT,
                    "records": 400,
                    "count": 38,
                    "entering": 2,
                    "leaving": 1,
                    "unchanged": 36,
                    "samples": [_SAMPLE],
                    "entering_samples": [_SAMPLE],
                    "leaving_samples": [],
                }
            ]
        }
    )

    rule: dict[str, Any]
    rule_text: str
    records: int
    count: int
    entering: int
    leaving: int
    unchanged: int
    samples: list[SegmentSample]
    entering_samples: list[SegmentSample]
    leaving_samples: list[SegmentSample]


class SegmentMemberOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record_id": RECORD,
                    "name": "Acme renewal 2026",
                    "external_id": "006-1",
                    "entered_at": "2026-03-02T05:00:00Z",
                    "entered_by": "rule",
                    "left_at": None,
                }
            ]
        }
    )

    record_id: UUID
    name: str | None
    external_id: str | None
    entered_at: datetime
    entered_by: Literal["rule", "person"]
    left_at: datetime | None


class OverrideIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"included": False, "note": "Handled by legal."}]}
    )

    included: bool = Field(description="true adds and false removes, whatever the rule says.")
    note: str | None = Field(default=None, max_length=2_000)


class Override(Out):
    included: bool
    note: str | None
    created_at: datetime


class Membership(Out):
    entered_at: datetime
    entered_by: Literal["rule", "person"]
    left_at: datetime | None
    left_by: Literal["rule", "person", "deleted", "archived"] | None


class PendingNotification(Out):
    """A move that is published at `due_at`, if it lasts until then."""

    entered: bool
    at: datetime
    due_at: datetime


class SegmentExplanationOut(Out):
    """`explanation` has, for each node of the rule, its text, the actual value, and its verdict."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record_id": RECORD,
                    "member": True,
                    "verdict": True,
                    "next_check_at": "2026-06-01T04:00:00Z",
                    "override": None,
                    "pending_notification": None,
                    "memberships": [
                        {
                            "entered_at": "2026-03-02T05:00:00Z",
                            "entered_by": "rule",
                            "left_at": None,
                            "left_by": None,
                        }
                    ],
                    "explanation": EXPLANATION,
                }
            ]
        }
    )

    record_id: UUID
    member: bool
    verdict: bool = Field(description="What the rule says, without regard to a person's word.")
    next_check_at: datetime | None = Field(
        description="The instant at which time alone may change the verdict."
    )
    override: Override | None
    pending_notification: PendingNotification | None = Field(
        description="Of a segment with a debounce: the move that is not published yet."
    )
    memberships: list[Membership]
    explanation: dict[str, Any]


class MembershipOut(Out):
    """A record's place in a segment after a person's word."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "segment_id": EXAMPLE_ID,
                    "record_id": RECORD,
                    "member": False,
                    "override": {
                        "included": False,
                        "note": "Handled by legal.",
                        "created_at": "2026-03-02T09:00:00Z",
                    },
                }
            ]
        }
    )

    segment_id: UUID
    record_id: UUID
    member: bool
    override: Override | None
