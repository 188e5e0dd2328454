from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from accounts_api.evaluation.rule_sets.schemas import ExplanationJson
from accounts_api.signals.indicators.rules import IndicatorChangeKind
from shared.events.base import Cause
from shared.events.signals.indicators import (
    IndicatorClearReason,
    IndicatorKind,
    IndicatorOrigin,
    IndicatorRecordType,
    IndicatorState,
)
from shared.keys import id_or_none
from shared.lists.schemas import ListParams, SearchBody
from shared.schemas import ExternalId, In, Instant, KeyOrId, OneLine, Out

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
CauseWord = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), OneLine
]


def _owner(value: str) -> str:
    if value != "me" and id_or_none(value) is None:
        raise ValueError("Say `me`, or the id of a member.")
    return value


Owner = Annotated[str, StringConstraints(max_length=36), OneLine, AfterValidator(_owner)] | None

_ID = "0198c0de-0a10-7a3b-8c4d-5e6f708192a3"
_DEFINITION = "0198c0de-0a00-7a3b-8c4d-5e6f708192a3"
_ACCOUNT = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"
_ADA = "0198c0de-0009-7a3b-8c4d-5e6f708192a3"
_REASON: dict[str, Any] = {
    "text": 'count(events "login" within 30 days) = 0',
    "condition": {
        "count": "events",
        "event": "login",
        "within": {"days": 30},
        "op": "eq",
        "value": 0,
    },
    "verdict": True,
    "actual": {"count": 0, "from": "2026-01-31", "to": "2026-03-02"},
}
_INDICATOR: dict[str, Any] = {
    "id": _ID,
    "definition_id": _DEFINITION,
    "definition_key": "gone_quiet",
    "title": "Gone quiet",
    "kind": "risk",
    "severity": 3,
    "record_type": "account",
    "record_id": _ACCOUNT,
    "account_id": _ACCOUNT,
    "cause": "gone_quiet",
    "state": "open",
    "owner_id": _ADA,
    "owner_by_hand": False,
    "opened_by": "rule",
    "opened_at": "2026-03-02T09:00:00Z",
    "note": None,
    "silenced_until": None,
    "addressed_at": None,
    "addressed_by": None,
    "cleared_at": None,
    "cleared_by": None,
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
AS_OF: Any = Field(
    default=None,
    description="The indicators as they were at this instant of the workspace's clock, which has"
    " come; what is configured, such as the severity, as it is now. Null: now.",
)
OWNER: Any = Field(
    default=None,
    description="Only those that this member owns; `me` is whoever asks. Null: whoever's.",
)
STATE: Any = Field(default=None, description="Only those in this state. Null: in any.")
KIND: Any = Field(default=None, description="Only risks, or only opportunities. Null: both.")
SEVERITY: Any = Field(default=None, description="Only those of this severity. Null: of any.")
DEFINITION: Any = Field(
    default=None,
    description="Only those of this definition, by its id or its key. Null: of any.",
)
_CHANGE: dict[str, Any] = {
    "version": 2,
    "change": "addressed",
    "state": "addressed",
    "record_id": _ACCOUNT,
    "account_id": _ACCOUNT,
    "owner_id": _ADA,
    "silenced_until": None,
    "cleared_by": None,
    "note": "Called them: on leave.",
    "effective_at": "2026-03-03T09:00:00Z",
    "cause": [{"type": "member", "id": _ADA, "label": "Ada Lovelace"}],
    "created_at": "2026-03-03T09:00:00Z",
}
SeverityParam = Annotated[int, Field(ge=1, le=4)]


class IndicatorIn(In):
    """An indicator that a person or a program opens."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "definition_id": _DEFINITION,
                    "record_id": _ACCOUNT,
                    "note": "Their sponsor has left the company.",
                }
            ]
        }
    )

    definition_id: KeyOrId = Field(description="The id or the key of the indicator's definition.")
    record_id: UUID | None = Field(
        default=None, description="The id of the record, which is of the definition's record type."
    )
    record_external_id: ExternalId | None = Field(
        default=None, description="The record by its `external_id`, in place of `record_id`."
    )
    cause: CauseWord | None = Field(
        default=None,
        description="What tells it from others of its definition and record, such as the name of a"
        " competitor; null: the definition's key.",
    )
    note: Note | None = Field(default=None, description="Why it is opened; null: nothing is said.")
    owner_id: UUID | None = Field(
        default=None,
        description="The active member who looks after it; null: the holder of the definition's key"
        " role.",
    )


class AddressIn(In):
    """What was done about an indicator."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Called them: on leave."}]})

    note: Note = Field(description="What was done about it.")


class SilenceIn(In):
    """How long an indicator is to be left alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"until": "2026-12-24T09:00:00Z", "note": "They are closed in winter."}]
        }
    )

    until: Instant = Field(
        description="When it is open again, by the workspace's clock: within a year."
    )
    note: Note | None = Field(default=None, description="Why; null: nothing is said.")


class ClearIn(In):
    """Why an indicator is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "A new sponsor is found."}]})

    note: Note | None = Field(default=None, description="Why; null: nothing is said.")


class IndicatorReassignment(In):
    """Who looks after an indicator from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner_id": _ADA}]})

    owner_id: UUID | None = Field(
        description="The active member who looks after it; null: whoever holds the definition's key"
        " role, now and later."
    )


class IndicatorOut(Out):
    """An indicator: a sign that a customer is at risk, or could grow."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INDICATOR]})

    id: UUID
    definition_id: UUID = Field(description="The id of the indicator's definition.")
    definition_key: str = Field(description="The key of the indicator's definition.")
    title: str = Field(description="What people call the indicator.")
    kind: IndicatorKind
    severity: int = Field(description="From 1, which can wait, to 4, which cannot.")
    record_type: IndicatorRecordType
    record_id: UUID = Field(description="The id of the record that it is of.")
    account_id: UUID | None = Field(
        description="The account that it is counted for; null: the record has none."
    )
    cause: str = Field(
        description="What tells it from others of its definition and record: the definition's key,"
        " unless whoever opened it gave another."
    )
    state: IndicatorState
    owner_id: UUID | None = Field(description="The member who looks after it; null: nobody.")
    owner_by_hand: bool = Field(
        description="Whether a person chose the owner; otherwise it is the holder of the"
        " definition's key role, whoever that is."
    )
    opened_by: IndicatorOrigin
    opened_at: datetime = Field(description="When it opened first, by the workspace's clock.")
    note: str | None = Field(
        description="What was said by whoever changed its state last; null: nothing."
    )
    silenced_until: datetime | None = Field(
        description="When it is open again; null unless it is silenced."
    )
    addressed_at: datetime | None = Field(
        description="When it was addressed last; null: it was not since it opened."
    )
    addressed_by: UUID | None = Field(
        description="The member who addressed it; null: nobody, or a key without a member."
    )
    cleared_at: datetime | None = Field(description="When it was cleared; null while it is live.")
    cleared_by: IndicatorClearReason | None = Field(
        description="Why it was cleared; null while it is live."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class IndicatorChangeOut(Out):
    """One change of an indicator, with what it was then."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    version: int = Field(description="The version of the indicator by this change, from 1.")
    change: IndicatorChangeKind
    state: IndicatorState
    record_id: UUID = Field(description="The id of the record that it was of.")
    account_id: UUID | None = Field(
        description="The account that it was counted for; null: there was none."
    )
    owner_id: UUID | None = Field(description="The member who looked after it; null: nobody.")
    silenced_until: datetime | None = Field(
        description="Until when it was silenced; null: it was not."
    )
    cleared_by: IndicatorClearReason | None = Field(
        description="Why it was cleared; null: it was live."
    )
    note: str | None = Field(description="What was said; null: nothing.")
    effective_at: datetime = Field(description="When it happened, by the workspace's clock.")
    cause: list[Cause] = Field(description="Who or what did it, from the origin on.")
    created_at: datetime


class IndicatorExplanationOut(Out):
    """Why an indicator opened, and what its rule says of the record now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "indicator_id": _ID,
                    "state": "open",
                    "opened_by": "rule",
                    "at_opening": _REASON,
                    "verdict": True,
                    "next_check_at": None,
                    "now": _REASON,
                }
            ]
        }
    )

    indicator_id: UUID = Field(description="The id of the indicator.")
    state: IndicatorState
    opened_by: IndicatorOrigin
    at_opening: ExplanationJson | None = Field(
        description="What the rule found when it opened last; null: a person opened it."
    )
    verdict: bool | None = Field(
        description="Whether the rule holds for the record now; null: there is no rule, or it"
        " cannot be used, or the record is deleted."
    )
    next_check_at: datetime | None = Field(
        description="The instant at which time alone may change the verdict; null: none."
    )
    now: ExplanationJson | None = Field(description="What the rule finds now; null with `verdict`.")


class IndicatorListParams(ListParams):
    """Which indicators, in which order."""

    state: IndicatorState | None = STATE
    kind: IndicatorKind | None = KIND
    severity: SeverityParam | None = SEVERITY
    definition_id: KeyOrId | None = DEFINITION
    owner: Owner = OWNER
    as_of: Instant | None = AS_OF


class AllIndicatorListParams(IndicatorListParams):
    """Which indicators of which account, in which order."""

    account_id: UUID | None = Field(
        default=None,
        description="Only those that are counted for this account, its contacts' and"
        " opportunities', too. Null: for any.",
    )


class IndicatorSearch(SearchBody):
    """Which indicators, in which order, in a body, where a long rule fits."""

    state: IndicatorState | None = STATE
    kind: IndicatorKind | None = KIND
    severity: SeverityParam | None = SEVERITY
    definition_id: KeyOrId | None = DEFINITION
    owner: Owner = OWNER
    as_of: Instant | None = AS_OF
