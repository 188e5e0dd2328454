"""Bodies that speak of a rule by itself."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    ExplanationJson,
    RuleFault,
    RuleJson,
    RuleText,
    WrittenRule,
)
from accounts_api.records.requests.schemas import RecordTypeKey
from shared.schemas import In, Out

RuleIn = Annotated[
    WrittenRule, Field(description="A rule of the rule language, as JSON or as text.")
]
RULE: dict[str, Any] = {
    "all": [
        {"field": "type", "op": "eq", "value": "renewal"},
        {"field": "is_closed", "op": "eq", "value": False},
        {"field": "contract_expiration", "op": "within_next", "value": {"days": 90}},
    ]
}
TEXT = 'type = "renewal" and is_closed = false and contract_expiration within next 90 days'
RECORD = "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"
EXPLANATION: dict[str, Any] = {
    "text": "contract_expiration within next 90 days",
    "condition": RULE["all"][2],
    "verdict": True,
    "actual": {
        "field": "contract_expiration",
        "value": "2026-05-31",
        "from": "2026-03-02",
        "to": "2026-05-31",
    },
}


class RuleValidationIn(In):
    """A rule to check, for the record type that it is about."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"record_type": "opportunity", "rule": TEXT}]}
    )

    record_type: RecordTypeKey
    rule: RuleIn


class RuleValidationOut(Out):
    """Both forms of a rule, or what is wrong with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"valid": True, "rule": RULE, "rule_text": TEXT, "faults": []},
                {
                    "valid": False,
                    "rule": None,
                    "rule_text": None,
                    "faults": [
                        {
                            "code": "unknown_field",
                            "message": "opportunity has no field 'expires'.",
                            "pointer": "/rule",
                            "column": 1,
                            "suggestion": "expiration",
                        }
                    ],
                },
            ]
        }
    )

    valid: bool = Field(description="Whether the rule can be used.")
    rule: RuleJson | None
    rule_text: RuleText | None
    faults: list[RuleFault] = Field(
        description="All that is wrong with the rule; empty when it is valid."
    )


class RuleExplainIn(RuleValidationIn):
    """A rule, and the record to explain it on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"record_type": "opportunity", "rule": TEXT, "record_id": RECORD}]
        }
    )

    record_id: UUID = Field(description="The id of a record of this record type.")


class RuleExplanationOut(Out):
    """`explanation` has, for each node of the rule, its text, the actual value, and its verdict."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record_id": RECORD,
                    "verdict": True,
                    "next_check_at": "2026-06-01T04:00:00Z",
                    "explanation": EXPLANATION,
                }
            ]
        }
    )

    record_id: UUID = Field(description="The id of the record that the rule was evaluated on.")
    verdict: bool = Field(description="Whether the rule holds for the record now.")
    next_check_at: datetime | None = Field(
        description="The instant at which time alone may change the verdict."
    )
    explanation: ExplanationJson
