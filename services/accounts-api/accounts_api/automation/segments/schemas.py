from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_checks.schemas import RECORD, RULE, TEXT, RuleIn
from accounts_api.evaluation.rule_sets.schemas import PROGRESS_EXAMPLE, Progress, RuleFault
from shared.events.accounts import RecordType
from shared.schemas import In, Out, Patch, Slug, Title

Debounce = Annotated[int, Field(ge=1, le=43_200)]
"""Minutes, up to 30 days."""
Priority = Annotated[int, Field(ge=1, le=10_000)]

_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01"
_SEGMENT: dict[str, Any] = {
    "id": _ID,
    "title": "Renewals due within 90 days",
    "description": None,
    "record_type": "opportunity",
    "rule": RULE,
    "rule_text": TEXT,
    "group": None,
    "priority": None,
    "debounce_minutes": None,
    "count": 37,
    "progress": PROGRESS_EXAMPLE,
    "faults": [],
    "version": 1,
    "archived_at": None,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
_SAMPLE: dict[str, Any] = {"id": RECORD, "name": "Acme renewal 2026"}


class SegmentIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": _SEGMENT["title"], "record_type": "opportunity", "rule": RULE},
                {
                    "title": "Scaled",
                    "record_type": "account",
                    "rule": 'status = "subscribed" and arr <= 50000 USD',
                    "group": "service_model",
                    "priority": 2,
                },
            ]
        }
    )

    title: Title
    description: str | None = Field(default=None, max_length=2_000)
    record_type: RecordType
    rule: RuleIn
    group: Slug | None = Field(
        default=None,
        description="Segments of a group exclude each other: a record is in the one of lowest"
        " `priority` whose rule it satisfies.",
    )
    priority: Priority | None = None
    debounce_minutes: Debounce | None = Field(
        default=None,
        description="`segment.entered` and `segment.left` are published when the move has lasted"
        " this long, and not at all if the record is back before. Members move at once.",
    )


class SegmentPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": TEXT}]})

    title: Title = ""
    description: str | None = Field(default=None, max_length=2_000)
    rule: RuleIn = ""
    group: Slug | None = None
    priority: Priority | None = None
    debounce_minutes: Debounce | None = None


class SegmentOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_SEGMENT]})

    id: UUID
    title: str
    description: str | None
    record_type: RecordType
    rule: dict[str, Any]
    rule_text: str
    group: str | None
    priority: int | None
    debounce_minutes: int | None
    count: int = Field(description="Members now.")
    progress: Progress | None
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; memberships stand still until it is"
        " mended."
    )
    version: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Revenue(Out):
    """Sum of ARR in minor units of one currency."""

    currency: str
    amount: int
    records: int


class SegmentDetail(SegmentOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_SEGMENT, "arr": [{"currency": "USD", "amount": 48_000_00, "records": 31}]}
            ]
        }
    )

    arr: list[Revenue]


class SegmentPreviewIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record_type": "opportunity", "rule": TEXT, "segment_id": _ID}]
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
                    "explanation": {
                        "text": "contract_expiration within next 90 days",
                        "condition": RULE["all"][2],
                        "verdict": True,
                        "actual": {
                            "field": "contract_expiration",
                            "value": "2026-05-31",
                            "from": "2026-03-02",
                            "to": "2026-05-31",
                        },
                    },
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
                    "segment_id": _ID,
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
