from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.segments.schemas import EXAMPLE_ID, Priority
from accounts_api.evaluation.rule_checks.schemas import EXPLANATION, RECORD, RULE, TEXT, RuleIn
from accounts_api.evaluation.rule_sets.schemas import ExplanationJson, RuleJson, RuleText
from shared.events.accounts import SegmentEntryReason, SegmentExitReason
from shared.events.records import RecordType
from shared.schemas import In, KeyOrId, Out, Slug

_SAMPLE: dict[str, Any] = {"id": RECORD, "name": "Acme renewal 2026"}


class SegmentPreviewIn(In):
    """A draft of a segment to try; nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record_type": "opportunity", "rule": TEXT, "segment_id": EXAMPLE_ID}]
        }
    )

    record_type: RecordType = Field(description="The type of the records that it would hold.")
    rule: RuleIn
    segment_id: KeyOrId | None = Field(
        default=None,
        description="The segment to compare with, by its id or key, whose members it would have"
        " instead; null for a new one.",
    )
    group: Slug | None = Field(
        default=None,
        description="The group as it would be; left out, that of `segment_id`. Records that"
        " segments of a lower priority number hold are not counted.",
    )
    priority: Priority | None = Field(
        default=None,
        description="The rank in `group`, as it would be: the lowest number goes first.",
    )


class SegmentSample(Out):
    """A record of a preview."""

    id: UUID = Field(description="The id of the record.")
    name: str | None = Field(description="What the record is called.")


class SegmentPreviewOut(Out):
    """What a draft of a segment would hold, and who would move."""

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

    rule: RuleJson
    rule_text: RuleText
    records: int = Field(description="How many records of this type there are.")
    count: int = Field(description="How many records would be members.")
    entering: int = Field(description="How many of them are no members now.")
    leaving: int = Field(description="How many members would leave.")
    unchanged: int = Field(description="How many members would stay.")
    samples: list[SegmentSample] = Field(description="Some of the records that would be members.")
    entering_samples: list[SegmentSample] = Field(
        description="Some of the records that would enter."
    )
    leaving_samples: list[SegmentSample] = Field(
        description="Some of the members that would leave."
    )


class SegmentMemberOut(Out):
    """A record in a segment: one stretch of time, its membership."""

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

    record_id: UUID = Field(description="The id of the record.")
    name: str | None = Field(description="What the record is called.")
    external_id: str | None = Field(
        description="The record's id in your system; null when there is none."
    )
    entered_at: datetime = Field(description="When the record entered, by the workspace's clock.")
    entered_by: SegmentEntryReason = Field(description="What put the record in.")
    left_at: datetime | None = Field(description="When the record left; null while it is a member.")


class OverrideIn(In):
    """What a person says about a record in a segment."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"included": False, "note": "Handled by legal."}]}
    )

    included: bool = Field(
        description="True adds and false removes the record, whatever the rule says."
    )
    note: str | None = Field(
        default=None, max_length=2_000, description="Why, for people; null when nobody said."
    )


class Override(Out):
    """What a person said about a record in a segment, which beats the rule."""

    included: bool = Field(
        description="True when the person added the record, false when they removed it."
    )
    note: str | None = Field(description="Why, for people; null when nobody said.")
    created_at: datetime = Field(description="When it was said.")


class Membership(Out):
    """One stretch of time in which a record was in a segment."""

    entered_at: datetime = Field(description="When the record entered, by the workspace's clock.")
    entered_by: SegmentEntryReason = Field(description="What put the record in.")
    left_at: datetime | None = Field(description="When the record left; null while it is a member.")
    left_by: SegmentExitReason | None = Field(
        description="What took the record out; null while it is a member."
    )
    corrected: bool = Field(
        description="True when it was derived later, of what was told of the past: nothing happened"
        " because of it."
    )


class PendingNotification(Out):
    """A move that is published at `due_at`, if it lasts until then."""

    entered: bool = Field(description="True when the record entered, false when it left.")
    at: datetime = Field(description="When the record moved, by the workspace's clock.")
    due_at: datetime = Field(description="When the move is published, if it lasts until then.")


class SegmentExplanationOut(Out):
    """Why a record is a member of a segment or not."""

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
                            "corrected": False,
                        }
                    ],
                    "explanation": EXPLANATION,
                }
            ]
        }
    )

    record_id: UUID = Field(description="The id of the record.")
    member: bool = Field(description="Whether the record is a member now.")
    verdict: bool = Field(description="What the rule says, without regard to a person's word.")
    next_check_at: datetime | None = Field(
        description="The instant at which time alone may change the verdict."
    )
    override: Override | None = Field(
        description="What a person said about the record, which beats the rule; null when nobody"
        " did."
    )
    pending_notification: PendingNotification | None = Field(
        description="The move that is not published yet, of a segment with a debounce; null"
        " when there is none."
    )
    memberships: list[Membership] = Field(
        description="The latest 50 stretches of time in which the record was a member, the latest"
        " first."
    )
    explanation: ExplanationJson


class MembershipOut(Out):
    """A record's place in a segment, after what a person said about it."""

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

    segment_id: UUID = Field(description="The id of the segment.")
    record_id: UUID = Field(description="The id of the record.")
    member: bool = Field(description="Whether the record is a member now.")
    override: Override | None = Field(
        description="What a person said about the record, which beats the rule; null when the rule"
        " decides."
    )
