"""The document of a score's definitions, as clients send it; it is stored as it was sent."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.evaluation.rule_sets.schemas import WrittenRule
from accounts_api.signals.scoring.definition import ChildrenMode, GroupMode, Tone, WeighedBy
from shared.schemas import In, KeyOrId, OneLine, Slug, Title

HealthTone = TypeAliasType(
    "HealthTone",
    Annotated[Tone, Field(description="What a label says: something bad, doubtful or good.")],
)
HealthGroupMode = TypeAliasType(
    "HealthGroupMode",
    Annotated[
        GroupMode,
        Field(
            description="`weighted`: the points of a group are the weighted mean of its measures;"
            " `worst`: those of its least measure."
        ),
    ],
)
HealthChildrenMode = TypeAliasType(
    "HealthChildrenMode",
    Annotated[
        ChildrenMode,
        Field(description="Whether the weighted mean of the children counts, or the worst."),
    ],
)
HealthWeighedBy = TypeAliasType(
    "HealthWeighedBy",
    Annotated[WeighedBy, Field(description="By what children are weighed: ARR, or all alike.")],
)
WhenNull = TypeAliasType(
    "WhenNull",
    Annotated[
        Literal["skip"], Field(description="A measure without a value is left out of its group.")
    ],
)
Points = Annotated[
    float, Field(ge=0, le=100, description="Points, from 0 to 100, with at most two decimals.")
]
Edge = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Weight = Annotated[
    int,
    Field(
        le=10_000,
        description="Above 0, in relation to the others: weights need not add up to 100.",
    ),
]
_CHOICE = Annotated[str, Field(min_length=1, max_length=200), OneLine]
EXAMPLE: dict[str, Any] = {
    "key": "managed",
    "title": "Managed",
    "segment_id": "managed",
    "labels": [
        {"key": "poor", "from": 0, "tone": "bad"},
        {"key": "concerning", "from": 40, "tone": "warn"},
        {"key": "healthy", "from": 70, "tone": "good"},
    ],
    "groups": [
        {
            "key": "usage",
            "weight": 60,
            "measures": [
                {
                    "key": "seats",
                    "input": "traits.seats_used",
                    "weight": 3,
                    "points": {"linear": {"from": 10, "to": 60}},
                },
                {
                    "key": "last_login",
                    "input": "days_since(events any)",
                    "when_null": 0,
                    "points": {
                        "bands": [
                            {"points": 100},
                            {"from": 8, "points": 50},
                            {"from": 31, "points": 0},
                        ]
                    },
                },
            ],
        },
        {
            "key": "relationship",
            "weight": 40,
            "measures": [
                {
                    "key": "sentiment",
                    "input": "traits.sentiment",
                    "points": {"values": {"Positive": 100, "Neutral": 50, "Negative": 0}},
                }
            ],
        },
    ],
    "caps": [{"title": "Legal escalation", "when": "traits.legal_hold = true", "at_most": 39}],
    "minimum_weight": 50,
}


class LabelIn(In):
    """A word for the scores from one up to where the next label begins."""

    key: Slug = Field(description="The word, such as `poor`.")
    start: int = Field(
        alias="from", ge=0, le=100, description="The least score that has it. The first has 0."
    )
    tone: HealthTone | None = Field(default=None, description="How a frontend may show it.")


class BandIn(In):
    """A stretch of values, up to where the next band begins."""

    start: Edge | None = Field(
        default=None,
        alias="from",
        description="The least value in it. The first band has none: it holds what is below the"
        " second.",
    )
    points: Points


class LinearIn(In):
    """A scale between two values. What lies beyond an end has the points of the end."""

    start: Edge = Field(
        alias="from", description="The value that has no points. It may be above `to`."
    )
    end: Edge = Field(alias="to", description="The value that has 100 points.")


class PointsIn(In):
    """How many points a value has: send one of `bands`, `linear` and `values`."""

    bands: list[BandIn] | None = Field(
        default=None, min_length=1, max_length=20, description="Of numbers: steps, ascending."
    )
    linear: LinearIn | None = Field(default=None, description="Of numbers: a scale.")
    values: dict[_CHOICE, Points] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Of selects, booleans and texts: the points of each value, letter by letter;"
        " of booleans, of `true` and `false`.",
    )
    other: Points | None = Field(
        default=None,
        description="Beside `values`: the points of every other value. Null: such a value is none,"
        " and `when_null` says what it has.",
    )


class MeasureIn(In):
    """One thing that is looked at."""

    key: Slug = Field(description="A word for it; no other measure of the definition has it.")
    input: str = Field(
        min_length=1,
        max_length=50_000,
        description="What is looked at: a field of the record by its name in rules,"
        " `days_since(<date field>)`, `days_since(events <name>)`, `days_since(events any)`,"
        " `indicators(<rule>)` for how many are open, or `rule(<rule>)`, which is 100 or 0.",
    )
    weight: Weight = 1
    when_null: WhenNull | Points = Field(
        default="skip",
        description="The points of a record that has no value there; or `skip`: the measure is left"
        " out, and its weight goes to the others of its group.",
    )
    points: PointsIn
    not_actionable: bool = Field(
        default=False,
        description="Whether nobody can change it, such as the size of a contract: it is then never"
        " named among what would change a label.",
    )


class MeasureGroupIn(In):
    """Measures that are weighed among themselves, and then as one."""

    key: Slug = Field(description="A word for it; no other group of the definition has it.")
    weight: Weight = 1
    mode: HealthGroupMode = Field(
        default="weighted",
        description="`weighted`: its points are the weighted mean of its measures; `worst`: those"
        " of its least measure.",
    )
    measures: list[MeasureIn] = Field(max_length=40, description="What is looked at.")


class CapIn(In):
    """While its rule holds, the score is at most so much. Of several, the lowest counts."""

    title: Title = Field(description="What people call it.")
    when: WrittenRule = Field(description="A rule over records, as JSON or as text.")
    at_most: int = Field(ge=0, le=99, description="What the score then is at most.")


class FromChildrenIn(In):
    """The score is made of those of the records below, such as the accounts of an organization.
    Those without a score do not count; where none has one, there is none.
    """

    weigh_by: HealthWeighedBy = Field(
        default="arr",
        description="What each counts by: its ARR, or `none` for all alike. Where none has any ARR,"
        " they count alike.",
    )
    mode: HealthChildrenMode = Field(
        default="average", description="Their weighted mean, or that of the worst."
    )
    where: WrittenRule | None = Field(
        default=None, description="A rule over the records below, as JSON or as text; null: all."
    )
    score: KeyOrId = Field(
        default="overall", description="Which of their scores counts: a health score of accounts."
    )


class HealthDefinitionIn(In):
    """How the records of a segment are scored."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    key: Slug | None = Field(
        default=None,
        description="A word for it; no other definition of the score has it. Null: one that is made"
        " of the title.",
    )
    title: Title = Field(description="What people call it.")
    segment_id: KeyOrId | None = Field(
        default=None,
        description="The segment whose records it scores, unless a definition before it does. Null,"
        " of the last definition: every record.",
    )
    labels: list[LabelIn] = Field(
        min_length=2, max_length=6, description="From the lowest to the highest."
    )
    groups: list[MeasureGroupIn] = Field(
        default=[], max_length=20, description="What is looked at; 40 measures at most."
    )
    from_children: FromChildrenIn | None = Field(
        default=None, description="Instead of `groups`, of a score of organizations."
    )
    caps: list[CapIn] = Field(default=[], max_length=20, description="Ceilings that rules put.")
    minimum_weight: int = Field(
        default=0,
        ge=0,
        le=100,
        description="How much of all weight must be present, in percent; with less there is no"
        " score (`not_enough_data`).",
    )


Definitions = Annotated[
    list[HealthDefinitionIn],
    Field(
        max_length=20,
        description="The whole list. The first definition whose segment holds a record scores it.",
    ),
]
