"""Random definitions and values, the same for a number every time; and the list that the design of
health scores shows.
"""

from decimal import Decimal
from random import Random
from typing import Any

from accounts_api.signals.scoring.definition import (
    FULL,
    Band,
    Bands,
    Cap,
    Definition,
    Group,
    Label,
    Linear,
    Measure,
    PointsRule,
    Value,
    ValuePoints,
)
from accounts_api.signals.scoring.schemas import HealthDefinitionIn

CHOICES = ("Positive", "Neutral", "Negative", "it's", "Ärger", "")
LABELS = (Label("poor", 0), Label("concerning", 40), Label("healthy", 70))


def random_definition(dice: Random, measures: int = 8, groups: int = 4) -> Definition:
    count = dice.randint(1, measures)
    cuts = sorted(dice.sample(range(1, count), min(dice.randint(0, groups - 1), count - 1)))
    made = [random_measure(dice, f"m{place}") for place in range(count)]
    starts, ends = [0, *cuts], [*cuts, count]
    return Definition(
        "one",
        "One",
        None,
        random_labels(dice),
        tuple(
            Group(
                f"g{place}",
                dice.choice((1, 2, 60, dice.randint(1, 10_000))),
                tuple(made[start:end]),
                dice.choice(("weighted", "weighted", "worst")),
            )
            for place, (start, end) in enumerate(zip(starts, ends, strict=True))
        ),
        tuple(Cap(f"Cap {n}", "", dice.randint(0, 99)) for n in range(dice.choice((0, 0, 1, 3)))),
        dice.choice((0, 0, 50, dice.randint(1, 100))),
    )


def random_labels(dice: Random) -> tuple[Label, ...]:
    starts = sorted(dice.sample(range(1, 101), dice.randint(1, 5)))
    return tuple(Label(f"label{place}", start) for place, start in enumerate([0, *starts]))


def random_measure(dice: Random, key: str) -> Measure:
    return Measure(
        key,
        f"traits.{key}",
        dice.choice((1, 1, 2, 3, dice.randint(1, 10_000))),
        random_points(dice),
        dice.choice((None, None, 0, dice.randint(0, FULL))),
        not_actionable=dice.random() < 0.1,
    )


def random_points(dice: Random) -> PointsRule:
    match dice.choice(("bands", "linear", "values")):
        case "bands":
            starts = sorted({random_number(dice) for _ in range(dice.randint(0, 4))})
            return Bands(tuple(Band(start, some_points(dice)) for start in (None, *starts)))
        case "linear":
            start = random_number(dice)
            width = dice.choice((1, 3, 50, Decimal("0.7"), Decimal("123.456789")))
            return Linear(start, start + dice.choice((1, -1)) * width)
        case _:
            chosen = dice.sample(CHOICES, dice.randint(1, 4))
            other = dice.choice((None, some_points(dice)))
            return ValuePoints(tuple((one, some_points(dice)) for one in chosen), other)


def some_points(dice: Random) -> int:
    return dice.choice((0, FULL, 100 * dice.randint(0, 100), dice.randint(0, FULL)))


def random_number(dice: Random) -> Decimal:
    return dice.choice(
        (
            Decimal(dice.randint(-5, 60)),
            Decimal(dice.randint(-5_000, 5_000)) / 100,
            Decimal(dice.randint(-(10**15), 10**15)) / 10**6,
        )
    )


def random_value(dice: Random, rule: PointsRule) -> Value | None:
    if dice.random() < 0.2:
        return None
    match rule:
        case ValuePoints():
            return dice.choice((*CHOICES, "another"))
        case Bands(bands):
            return near(dice, [band.start for band in bands if band.start is not None])
        case Linear(start, end):
            return near(dice, [start, end, (start + end) / 2, start + (end - start) / 3])


def near(dice: Random, edges: list[Decimal]) -> Decimal:
    beside = [edge + Decimal(dice.choice(("0", "0.000001", "-0.000001"))) for edge in edges]
    return dice.choice([random_number(dice), *beside])


def random_values(dice: Random, definition: Definition) -> list[Value | None]:
    return [random_value(dice, measure.points) for measure in definition.measures]


MANAGED: dict[str, Any] = {
    "title": "Managed",
    "segment_id": "managed",
    "labels": [
        {"key": "poor", "from": 0},
        {"key": "concerning", "from": 40},
        {"key": "healthy", "from": 70},
    ],
    "groups": [
        {
            "key": "usage",
            "weight": 60,
            "measures": [
                {
                    "key": "wau",
                    "input": "metrics.weekly_active_share",
                    "weight": 3,
                    "when_null": "skip",
                    "points": {"linear": {"from": 10, "to": 60}},
                },
                {
                    "key": "last_login",
                    "input": "days_since(events any)",
                    "weight": 1,
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
                    "weight": 2,
                    "when_null": "skip",
                    "points": {
                        "values": {"Positive": 100, "Neutral": 50, "Negative": 0},
                        "other": None,
                    },
                },
                {
                    "key": "nps",
                    "input": "metrics.nps",
                    "weight": 1,
                    "when_null": "skip",
                    "points": {"linear": {"from": -50, "to": 50}},
                },
                {
                    "key": "open_risks",
                    "input": "indicators(kind = risk)",
                    "weight": 1,
                    "points": {
                        "bands": [
                            {"points": 100},
                            {"from": 1, "points": 40},
                            {"from": 3, "points": 0},
                        ]
                    },
                },
            ],
        },
    ],
    "caps": [{"title": "Legal escalation", "when": "traits.legal_hold = true", "at_most": 39}],
    "minimum_weight": 50,
}


def document(**changes: Any) -> HealthDefinitionIn:
    """The example's definition, with other fields."""
    return HealthDefinitionIn.model_validate({**MANAGED, **changes})
