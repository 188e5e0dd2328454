from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_checks.schemas import RULE, TEXT, RuleIn
from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    EvaluationProgress,
    RuleFault,
    RuleJson,
    RuleText,
)
from shared.events.records import RecordType
from shared.schemas import In, NewKey, Out, OwnKey, Patch, Slug, Title

Debounce = Annotated[int, Field(ge=1, le=43_200)]
"""Minutes, up to 30 days."""
Priority = Annotated[int, Field(ge=1, le=10_000)]

EXAMPLE_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01"
_SEGMENT: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "key": "renewals_due",
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


class SegmentIn(In):
    """A segment to be created."""

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

    key: NewKey = None
    title: Title = Field(description="What people call the segment.")
    description: str | None = Field(
        default=None, max_length=2_000, description="What the segment is for, for people."
    )
    record_type: RecordType = Field(
        description="The type of the records that it holds. It cannot be changed."
    )
    rule: RuleIn
    group: Slug | None = Field(
        default=None,
        description="Segments of a group exclude each other: a record is in the one of lowest"
        " `priority` whose rule it satisfies.",
    )
    priority: Priority | None = Field(
        default=None,
        description="The rank in `group`, which needs one: the lowest number goes first.",
    )
    debounce_minutes: Debounce | None = Field(
        default=None,
        description="`segment.entered` and `segment.left` are published when the move has lasted"
        " this long, and not at all if the record is back before. Members move at once.",
    )


class SegmentPatch(Patch):
    """The fields of a segment to change; one that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": TEXT}]})

    title: Title = Field(default="", description="What people call the segment.")
    description: str | None = Field(
        default=None,
        max_length=2_000,
        description="What the segment is for, for people; null takes it away.",
    )
    rule: RuleIn = ""
    group: Slug | None = Field(
        default=None,
        description="Segments of a group exclude each other, by `priority`; null takes it out of"
        " its group.",
    )
    priority: Priority | None = Field(
        default=None, description="The rank in `group`: the lowest number goes first."
    )
    debounce_minutes: Debounce | None = Field(
        default=None,
        description="How many minutes a move must last before others are notified; null notifies at"
        " once.",
    )


class SegmentOut(Out):
    """A segment: the records for which a rule holds, which keeps true by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEGMENT]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the segment.")
    description: str | None = Field(
        description="What the segment is for, for people; null when nobody said."
    )
    record_type: RecordType = Field(description="The type of the records that it holds.")
    rule: RuleJson
    rule_text: RuleText
    group: str | None = Field(
        description="Segments of a group exclude each other, by `priority`; null of a segment that"
        " is in no group."
    )
    priority: int | None = Field(
        description="The rank in `group`: the lowest number goes first. Null of a segment that is"
        " in no group."
    )
    debounce_minutes: int | None = Field(
        description="How many minutes a move must last before others are notified; null notifies at"
        " once."
    )
    count: int = Field(description="How many records are members now.")
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every record; null of an archived segment."
    )
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; memberships stand still until it is"
        " mended."
    )
    version: int
    archived_at: datetime | None = Field(
        description="When the segment was archived; null while it lives."
    )
    created_at: datetime
    updated_at: datetime


class Revenue(Out):
    """The annual recurring revenue of the members in one currency."""

    currency: str = Field(description="The ISO 4217 code of the currency.")
    amount: int = Field(description="The sum in minor units of the currency.")
    records: int = Field(description="How many members have an amount in this currency.")


class SegmentDetail(SegmentOut):
    """A segment, and what its members are worth."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_SEGMENT, "arr": [{"currency": "USD", "amount": 48_000_00, "records": 31}]}
            ]
        }
    )

    arr: list[Revenue] = Field(
        description="The annual recurring revenue of the members, by currency."
    )
