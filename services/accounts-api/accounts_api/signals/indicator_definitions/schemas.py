from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    EvaluationProgress,
    RuleFault,
    RuleJson,
    RuleText,
    WrittenRule,
)
from shared.events.signals.indicators import CallToAction, IndicatorKind, IndicatorRecordType
from shared.schemas import IfUnreadable, In, NewKey, OwnKey, Patch, Slug, StoredOut, Title

RuleIn = Annotated[
    WrittenRule,
    Field(
        description="The rule by which the indicator opens and is cleared, as JSON or as text."
        " Null: people open it, and clear it."
    ),
]
Severity = Annotated[
    int, Field(ge=1, le=4, description="From 1, which can wait, to 4, which cannot.")
]
HoldMinutes = Annotated[int, Field(ge=1, le=43_200)]
"""Up to 30 days."""
ReopenDays = Annotated[int, Field(ge=1, le=365)]
Description = Annotated[str, StringConstraints(max_length=2_000)]
KeyRole = Annotated[
    Slug,
    Field(
        description="The key role whose holder on the record's account owns the indicator, and who"
        " holds it next owns it then, until a person chooses somebody. Null: nobody does."
    ),
]
_DESCRIPTION: Any = Field(
    default=None, description="What it is a sign of, for people; null: nobody said."
)
_HOLD: Any = Field(
    default=None,
    description="The rule must hold so many minutes before the indicator opens; null: none.",
)
_REOPEN: Any = Field(
    default=None,
    description="When the rule holds again within so many days after it was cleared, the same"
    " indicator is open again; later, or with null, there is a new one.",
)
_QUIET: Any = Field(
    default=False,
    description="True: what a new rule finds at once opens without its call to action.",
)

EXAMPLE_ID = "0198c0de-0a00-7a3b-8c4d-5e6f708192a3"
_TEXT = 'status = "churned"'
_CALL: dict[str, Any] = {
    "title": "Call the sponsor",
    "text": "Ask what has changed, and agree on a next step.",
    "due": {"business_days": 2},
    "assignee_key_role": None,
}
_NEW: dict[str, Any] = {
    "key": "gone_quiet",
    "title": "Gone quiet",
    "kind": "risk",
    "severity": 3,
    "record_type": "account",
    "rule": 'count(events "login" within 30 days) = 0',
    "owner_key_role": "csm",
    "hold_minutes": 1_440,
    "reopen_after_days": 14,
    "call_to_action": _CALL,
}
_BY_HAND: dict[str, Any] = {
    "title": "Sponsor has left",
    "kind": "risk",
    "severity": 4,
    "record_type": "account",
}
DEFINITION: dict[str, Any] = {
    "id": EXAMPLE_ID,
    **_NEW,
    "description": None,
    "rule": {
        "count": "events",
        "event": "login",
        "within": {"days": 30},
        "op": "eq",
        "value": 0,
    },
    "rule_text": _NEW["rule"],
    "quiet": False,
    "open": 12,
    "progress": PROGRESS_EXAMPLE,
    "faults": [],
    "unreadable": None,
    "version": 1,
    "archived_at": None,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class DueIn(In):
    """When a task is to be done."""

    business_days: Annotated[int, Field(ge=0, le=250)] = Field(
        description="So many business days after the next opening hour of whoever does it."
    )


class CallToActionIn(In):
    """What an indicator calls for: one task, which closes when the indicator is cleared."""

    title: Title = Field(description="What is to be done, on one line.")
    text: Annotated[str, StringConstraints(max_length=20_000)] = Field(
        default="", description="What whoever does it must know: plain text, empty when nothing."
    )
    due: DueIn | None = Field(
        default=None, description="When it is to be done; null: at no particular time."
    )
    assignee_key_role: Slug | None = Field(
        default=None,
        description="The key role whose holder on the account does it; null: the owner of the"
        " indicator.",
    )


class IndicatorDefinitionIn(In):
    """An indicator to be defined."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BY_HAND, _NEW]})

    key: NewKey = None
    title: Title = Field(description="What people call the indicator.")
    description: Description | None = _DESCRIPTION
    kind: IndicatorKind = Field(
        description="What it is a sign of: a risk, or an opportunity to grow. It cannot be changed."
    )
    severity: Severity
    record_type: IndicatorRecordType = Field(
        description="The type of the records that it is of. It cannot be changed."
    )
    rule: RuleIn | None = None
    owner_key_role: KeyRole | None = None
    hold_minutes: HoldMinutes | None = _HOLD
    reopen_after_days: ReopenDays | None = _REOPEN
    call_to_action: CallToActionIn | None = Field(
        default=None, description="The task that follows when it opens; null: none does."
    )
    quiet: bool = _QUIET


class IndicatorDefinitionPatch(Patch):
    """The fields of an indicator's definition to change; one that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"severity": 4}]})

    title: Title = Field(default="", description="What people call the indicator.")
    description: Description | None = _DESCRIPTION
    severity: Severity = 1
    rule: RuleIn | None = None
    owner_key_role: KeyRole | None = None
    hold_minutes: HoldMinutes | None = _HOLD
    reopen_after_days: ReopenDays | None = _REOPEN
    call_to_action: CallToActionIn | None = Field(
        default=None, description="The task that follows when it opens; null: none does."
    )
    quiet: bool = _QUIET


class IndicatorDefinitionOut(StoredOut):
    """What is an indicator: of which records, by which rule, whose it is, and what it calls for."""

    model_config = ConfigDict(json_schema_extra={"examples": [DEFINITION]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the indicator.")
    description: str | None = Field(
        description="What it is a sign of, for people; null: nobody said."
    )
    kind: IndicatorKind
    severity: int = Field(description="From 1, which can wait, to 4, which cannot.")
    record_type: IndicatorRecordType
    rule: RuleJson | None = Field(description="The rule as JSON; null: people open it.")
    rule_text: RuleText | None = Field(description="The rule as text; null: people open it.")
    owner_key_role: str | None = Field(
        description="The key role whose holder owns the indicator; null: nobody does."
    )
    hold_minutes: int | None = Field(
        description="How many minutes the rule must hold before it opens; null: none."
    )
    reopen_after_days: int | None = Field(
        description="Within how many days after it was cleared the same indicator is open again;"
        " null: there is always a new one."
    )
    call_to_action: Annotated[CallToAction | None, IfUnreadable(None)] = Field(
        description="The task that follows when it opens; null: none does."
    )
    quiet: bool = Field(
        description="Whether what the rule found at once, when it was new, opened without a call to"
        " action."
    )
    open: int = Field(description="How many indicators of it are open.")
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every record; null of one that is archived."
    )
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; its indicators stand still until it is"
        " mended."
    )
    version: int
    archived_at: datetime | None = Field(description="When it was archived; null while it lives.")
    created_at: datetime
    updated_at: datetime
