from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.signals.health_scores.schemas import EXAMPLE_ID
from accounts_api.signals.score_reasons.changes import LineKind
from accounts_api.signals.scoring.schemas import HealthGroupMode
from shared.schemas import Out

HealthLineKind = TypeAliasType(
    "HealthLineKind",
    Annotated[
        LineKind,
        Field(
            description="What changed: the `definition` (what the list of now would have said of"
            " the inputs of then, less what was said), a `measure`, the `weights` that measures"
            " lend each other when some have no value, the `children` of a roll-up, the `cap`, the"
            " `override`, or the `rounding`."
        ),
    ],
)
HealthHandling = TypeAliasType(
    "HealthHandling",
    Annotated[
        Literal["by_value", "points_without_value", "skipped"],
        Field(
            description="Where the points come from: the value; `when_null`, as there is none; or"
            " nowhere, and the weight is spread over the rest."
        ),
    ],
)
HeldBy = TypeAliasType(
    "HeldBy",
    Annotated[
        Literal["cap", "override"],
        Field(description="What keeps a label whatever the measures do."),
    ],
)
Decimals = Annotated[str, Field(description="Points, with four decimals.")]
LabelKey = Annotated[str, Field(description="The key of the label.")]
MeasureKey = Annotated[str, Field(description="The key of the measure.")]
Points = Annotated[float | None, Field(description="Points, 0 to 100; null: it is skipped.")]
Value = Annotated[
    float | str | bool | None,
    Field(description="A number, a text or a boolean; null: no value."),
]


class TriedDefinition(Out):
    """A definition that was looked at, in the order of the list."""

    key: str = Field(description="The key of the definition.")
    segment_id: str | None = Field(
        description="The id of the segment whose records it scores; null: every record."
    )
    holds: bool = Field(description="Whether it scores the record: the first that does decides.")


class ChosenDefinition(Out):
    """The definition that decided, and why it did."""

    key: str = Field(description="The key of the definition.")
    title: str = Field(description="What people call it.")
    version: int = Field(description="The version of the list of definitions that decided.")
    tried: list[TriedDefinition] = Field(description="Those before it, and it.")


class ExplainedOverride(Out):
    """What a person said in place of what was computed."""

    id: UUID = Field(description="The id of the override.")
    label: str | None = Field(description="The label that was set; null: a score was.")
    score: int | None = Field(description="The score that was set; null: a label was.")
    reason: str = Field(description="Why, in the words of whoever set it.")
    valid_from: datetime = Field(description="Since when it holds, by the workspace's clock.")
    expires_at: datetime = Field(description="When the computed score holds again.")


class ExplainedCap(Out):
    """A ceiling of the definition."""

    title: str = Field(description="What people call it.")
    at_most: int = Field(description="What the score is at most while its rule holds.")
    lowers: bool = Field(description="Whether it is the one that lowers this score.")


class ExplainedGroup(Out):
    """A group of measures."""

    key: str = Field(description="The key of the group.")
    mode: HealthGroupMode = Field(
        description="Whether its points are the weighted mean of its measures or the worst of them."
    )
    weight: int = Field(description="Its weight among groups, as it is defined.")
    effective_weight: str | None = Field(
        description="Its share of the score, with four decimals; null when there is no score."
    )
    points: str | None = Field(
        description="Its points, with four decimals; null: each of its measures is skipped."
    )


class ScaleOut(Out):
    """The ends of a scale."""

    start: float = Field(
        validation_alias="from", serialization_alias="from", description="The value of no points."
    )
    end: float = Field(
        validation_alias="to", serialization_alias="to", description="The value of 100 points."
    )


class BandOut(Out):
    """The band that holds a value."""

    start: float | None = Field(
        validation_alias="from",
        serialization_alias="from",
        description="The least value in it; null: it has no lower end.",
    )
    below: float | None = Field(description="Where the next begins; null: it is the last.")


class ExplainedMeasure(Out):
    """What one measure adds."""

    key: MeasureKey
    group: str = Field(description="The key of its group.")
    input: str = Field(description="What is looked at, as it is defined.")
    value: Value
    since: datetime | None = Field(
        description="Since when the field has this value; null of other inputs than fields."
    )
    change_id: UUID | None = Field(
        description="The id of the change in the record's history that says so."
    )
    scale: ScaleOut | None = Field(description="Its scale; null when it has none.")
    band: BandOut | None = Field(
        description="The band that holds the value; null without bands, or without a value."
    )
    points: Points
    weight: int = Field(description="Its weight in the group, as it is defined.")
    effective_weight: str | None = Field(
        description="Its share of the score, with four decimals; null when there is no score."
    )
    contribution: str | None = Field(
        description="What it adds to the score, with four decimals; null when there is no score."
    )
    handled: HealthHandling
    not_actionable: bool = Field(description="Whether it is left out of the smallest flip.")


class LabelDistance(Out):
    """How far another label is."""

    to: LabelKey
    points: int = Field(description="By how many points the score would have to move.")


class LabelDistances(Out):
    """How far the labels beside this one are."""

    down: LabelDistance | None = Field(description="To the one below; null: this is the lowest.")
    up: LabelDistance | None = Field(description="To the one above; null: this is the highest.")


class MeasureChange(Out):
    """A change of one measure."""

    measure: MeasureKey
    before: Value = Field(
        validation_alias="from", serialization_alias="from", description="The value that it has."
    )
    after: Value = Field(
        validation_alias="to", serialization_alias="to", description="The value that is enough."
    )
    points_from: Points
    points_to: Points


class SmallestFlip(Out):
    """The least that would give the record the next label: the fewest measures, and of these the
    least movement in relation to their bands and scales.
    """

    to: LabelKey
    possible: bool = Field(description="Whether any change of the measures would do it.")
    exact: bool = Field(
        description="Whether no set of as few measures moves less. That no fewer would do it is"
        " always so."
    )
    reaches: int | None = Field(
        description="The score that would be reached, where none is enough; null otherwise."
    )
    changes: list[MeasureChange] = Field(description="What to change, by the order of measures.")


class SmallestFlips(Out):
    """The least that would change the computed label, each way."""

    held_by: HeldBy | None = Field(
        description="What keeps the label that is shown, so that none of these would change it;"
        " null: nothing."
    )
    down: SmallestFlip | None = Field(description="To the one below; null: this is the lowest.")
    up: SmallestFlip | None = Field(description="To the one above; null: this is the highest.")


class UnknownMeasure(Out):
    """A skipped measure that would give another label, if it had a value."""

    measure: MeasureKey
    best: str | None = Field(description="The label with its best value.")
    worst: str | None = Field(description="The label with its worst value.")


class HealthExplanationParts(Out):
    """How a score comes about. `contribution` of all measures, `rounding`, `cap_effect` and
    `override_effect` add up to the score to the last decimal.
    """

    present_weight: str | None = Field(
        description="How much of all weight is there, in percent with four decimals; null of a"
        " score that is made of those of others."
    )
    minimum_weight: int = Field(description="How much of it must be there, in percent.")
    unrounded: Decimals | None = Field(description="The sum of contributions; null: no score.")
    rounding: Decimals | None = Field(description="What rounding adds; null: no score.")
    cap_effect: Decimals | None = Field(description="What the cap takes; null: no score.")
    override_effect: Decimals | None = Field(
        description="What an override adds or takes; null: no score."
    )
    groups: list[ExplainedGroup] = Field(description="The groups, in their order.")
    measures: list[ExplainedMeasure] = Field(description="The measures, in their order.")
    distance: LabelDistances
    smallest_flip: SmallestFlips
    unknown: list[UnknownMeasure] = Field(
        description="Measures without a value that could change the label by having one."
    )


class HealthChangeLine(Out):
    """One reason of a change. All lines add up to it to the last decimal."""

    kind: HealthLineKind
    measure: str | None = Field(description="The key of the measure; null of other lines.")
    points: Decimals


class HealthSince(Out):
    """What changed since an instant."""

    at: datetime = Field(description="The instant.")
    score: int | None = Field(description="The score that was shown then; null: none.")
    label: str | None = Field(description="The label that was shown then; null: none.")
    definitions_version: int | None = Field(
        description="The version of the list of definitions that decided then."
    )
    lines: list[HealthChangeLine] | None = Field(
        description="Why the score is another; null when there was none then, or is none now."
    )


_EXPLANATION: dict[str, Any] = {
    "record_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "score_id": EXAMPLE_ID,
    "key": "overall",
    "as_of": "2026-03-02T09:00:00Z",
    "score": 37,
    "label": "poor",
    "computed_score": 37,
    "computed_label": "poor",
    "null_reason": None,
    "change_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b40",
    "decided_at": "2026-03-02T08:59:58Z",
    "definition": {
        "key": "managed",
        "title": "Managed",
        "version": 7,
        "tried": [{"key": "managed", "segment_id": EXAMPLE_ID, "holds": True}],
    },
    "override": None,
    "caps": [{"title": "Legal escalation", "at_most": 39, "lowers": False}],
    "next_check_at": "2026-03-05T23:00:00Z",
    "explanation": {
        "present_weight": "100.0000",
        "minimum_weight": 50,
        "unrounded": "37.4000",
        "rounding": "-0.4000",
        "cap_effect": "0.0000",
        "override_effect": "0.0000",
        "groups": [
            {
                "key": "usage",
                "mode": "weighted",
                "weight": 1,
                "effective_weight": "1.0000",
                "points": "37.4000",
            }
        ],
        "measures": [
            {
                "key": "seats",
                "group": "usage",
                "input": "traits.seats_used",
                "value": 28.7,
                "since": "2026-03-02T08:59:57Z",
                "change_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3f",
                "scale": {"from": 10, "to": 60},
                "band": None,
                "points": 37.4,
                "weight": 1,
                "effective_weight": "1.0000",
                "contribution": "37.4000",
                "handled": "by_value",
                "not_actionable": False,
            }
        ],
        "distance": {"down": None, "up": {"to": "concerning", "points": 3}},
        "smallest_flip": {
            "held_by": None,
            "down": None,
            "up": {
                "to": "concerning",
                "possible": True,
                "exact": True,
                "reaches": None,
                "changes": [
                    {
                        "measure": "seats",
                        "from": 28.7,
                        "to": 29.8,
                        "points_from": 37.4,
                        "points_to": 39.6,
                    }
                ],
            },
        },
        "unknown": [],
    },
    "since": {
        "at": "2026-02-01T00:00:00Z",
        "score": 51,
        "label": "concerning",
        "definitions_version": 7,
        "lines": [
            {"kind": "measure", "measure": "seats", "points": "-13.8000"},
            {"kind": "rounding", "measure": None, "points": "-0.2000"},
        ],
    },
}


class HealthExplanationOut(Out):
    """Why a record has its score. It is read from what was decided: a score that is being evaluated
    is explained as it still is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXPLANATION]})

    record_id: UUID = Field(description="The id of the record.")
    score_id: UUID = Field(description="The id of the health score.")
    key: str = Field(description="The key of the health score.")
    as_of: datetime = Field(description="The instant that is explained.")
    score: int | None = Field(description="The score that is shown; null: none.")
    label: str | None = Field(description="The label that is shown; null: none.")
    computed_score: int | None = Field(
        description="The score without an override; null: there is none."
    )
    computed_label: str | None = Field(
        description="The label without an override; null: there is none."
    )
    null_reason: str | None = Field(
        description="Why there is no score, such as `not_enough_data`, `no_definition` or, before"
        " the first evaluation, `not_evaluated`; null when there is one."
    )
    change_id: UUID | None = Field(
        description="The id of the change that made it so; null before the first."
    )
    decided_at: datetime | None = Field(
        description="When it became so, by the workspace's clock; null before the first."
    )
    definition: ChosenDefinition | None = Field(
        description="The definition that decided; null: none scores the record."
    )
    override: ExplainedOverride | None = Field(description="What a person said; null: nobody did.")
    caps: list[ExplainedCap] = Field(description="The ceilings of the definition.")
    next_check_at: datetime | None = Field(
        description="When time alone may change it; null: never, or of an instant of the past."
    )
    explanation: HealthExplanationParts | None = Field(
        description="How it comes about; null where no definition scores the record."
    )
    since: HealthSince | None = Field(
        description="What changed since the instant that was asked for; null when none was."
    )
