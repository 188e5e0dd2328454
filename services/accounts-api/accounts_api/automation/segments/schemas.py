from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_checks.schemas import RULE, TEXT, RuleIn
from accounts_api.evaluation.rule_sets.schemas import PROGRESS_EXAMPLE, Progress, RuleFault
from shared.events.accounts import RecordType
from shared.schemas import In, Out, Patch, Slug, Title

Debounce = Annotated[int, Field(ge=1, le=43_200)]
"""Minutes, up to 30 days."""
Priority = Annotated[int, Field(ge=1, le=10_000)]

EXAMPLE_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01"
_SEGMENT: dict[str, Any] = {
    "id": EXAMPLE_ID,
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
