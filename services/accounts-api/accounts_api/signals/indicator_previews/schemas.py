from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import RuleJson, RuleText, WrittenRule
from accounts_api.signals.indicator_definitions.schemas import KeyRole
from shared.events.signals.indicators import IndicatorRecordType
from shared.schemas import In, KeyOrId, Out

_TEXT = 'status = "trial"'
_ADA = "0198c0de-0009-7a3b-8c4d-5e6f708192a3"


class IndicatorPreviewIn(In):
    """A draft of an indicator's definition; nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record_type": "account", "rule": _TEXT, "owner_key_role": "csm"}]
        }
    )

    record_type: IndicatorRecordType = Field(description="The type of the records.")
    rule: WrittenRule = Field(description="The rule to try, as JSON or as text.")
    owner_key_role: KeyRole | None = None
    definition_id: KeyOrId | None = Field(
        default=None,
        description="The id or the key of the definition that the draft would change: `existing`"
        " counts who has a live indicator of it. Null: of a new one.",
    )


class IndicatorShare(Out):
    """How many indicators a member would own."""

    owner_id: UUID | None = Field(description="The member who would own them; null: nobody.")
    count: int = Field(description="How many records match of those that would be theirs.")


class IndicatorSegment(Out):
    """How many of the records that match are in a segment."""

    segment_id: UUID = Field(description="The id of the segment.")
    title: str = Field(description="The title of the segment.")
    count: int = Field(description="How many records match that are in it.")


class IndicatorWorth(Out):
    """What the records that match are worth, in one currency."""

    currency: str = Field(description="The ISO 4217 code of the currency.")
    amount: int = Field(
        description="The annual recurring revenue in minor units; of contacts that of their"
        " accounts, each counted once."
    )


class IndicatorSample(Out):
    """A record that matches."""

    id: UUID = Field(description="The id of the record.")
    name: str = Field(description="What the record is called.")


_PREVIEW: dict[str, Any] = {
    "rule": {"field": "lifecycle_status", "op": "eq", "value": "trial"},
    "rule_text": _TEXT,
    "count": 12,
    "existing": 4,
    "opening": 8,
    "by_owner": [{"owner_id": _ADA, "count": 12}],
    "by_segment": [
        {"segment_id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01", "title": "Scaled", "count": 9}
    ],
    "arr": [{"currency": "USD", "amount": 48_000_00}],
    "samples": [{"id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3", "name": "Acme"}],
}


class IndicatorPreviewOut(Out):
    """Who would have an indicator now, and what they are worth."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PREVIEW]})

    rule: RuleJson
    rule_text: RuleText
    count: int = Field(description="How many records match now.")
    existing: int = Field(description="How many of them have a live indicator of it already.")
    opening: int = Field(
        description="For how many one would open, whatever the rule must hold for before."
    )
    by_owner: list[IndicatorShare] = Field(
        description="The records that match by who would own their indicators, most first."
    )
    by_segment: list[IndicatorSegment] = Field(
        description="The segments that records which match are in, most first; 50 at most."
    )
    arr: list[IndicatorWorth] = Field(description="What the records that match are worth.")
    samples: list[IndicatorSample] = Field(description="Some of the records that match.")
