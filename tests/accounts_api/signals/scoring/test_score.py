"""Scores by themselves: the example of the design, and what holds of every definition."""

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from accounts_api.signals.scoring.definition import (
    FULL,
    Band,
    Bands,
    Definition,
    Linear,
    Measure,
    Value,
    ValuePoints,
)
from accounts_api.signals.scoring.points import points_for, points_of
from accounts_api.signals.scoring.reach import score_range
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.score import (
    present_weight,
    score_points,
    score_values,
    uncapped_score,
)
from tests.accounts_api.signals.scoring.making import (
    document,
    random_definition,
    random_values,
)

CASES = range(400)


def managed(**changes: Any) -> Definition:
    [read], faults = read_definitions([document(**changes)])
    assert not faults
    return read


def test_the_example_of_the_design_has_37_points() -> None:
    definition = managed()
    found = score_values(definition, [Decimal("22.5"), 9, "Neutral", None, 1])
    assert found.points == (2_500, 5_000, 5_000, None, 4_000)
    assert (found.score, found.label) == (37, definition.labels[0])
    assert present_weight(definition).share(found.points) * 100 == 90


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, 0), (-1, FULL), (7, FULL), (Decimal("7.99"), FULL), (8, 5_000), (31, 0), ("x", 0)],
)
def test_a_band_holds_its_lower_edge(value: Value | None, expected: int) -> None:
    bands = Bands((Band(None, FULL), Band(Decimal(8), 5_000), Band(Decimal(31), 0)))
    assert points_of(Measure("m", "arr", 1, bands, 0), value) == expected


def test_a_scale_is_clamped_rounds_half_up_and_may_fall() -> None:
    up, down = Linear(Decimal(0), Decimal(16)), Linear(Decimal(16), Decimal(0))
    assert [points_for(up, n) for n in (-1, 0, 1, 16, 17)] == [0, 0, 625, FULL, FULL]
    assert [points_for(down, n) for n in (-1, 0, 1, 16, 17)] == [FULL, FULL, 9_375, 0, 0]
    assert points_for(Linear(Decimal(0), Decimal(20_000)), 1) == 1, "0.5 of a hundredth"
    assert points_for(up, True) is None


def test_a_choice_that_is_not_listed_is_no_value_unless_others_have_points() -> None:
    listed = ValuePoints((("true", 1), ("a", 2)), None)
    assert [points_for(listed, value) for value in (True, False, "a", "A")] == [1, None, 2, None]
    assert points_for(replace(listed, other=7), "A") == 7
    assert points_of(Measure("m", "x", 1, listed, 5), "A") == 5
    assert points_of(Measure("m", "x", 1, replace(listed, other=7), 5), None) == 5


def test_too_little_weight_is_no_score() -> None:
    definition = managed()
    assert score_values(definition, [None, None, None, None, 1]).score is None, "25 of 100"
    definition = managed(minimum_weight=60)
    found = score_values(definition, [None, 0, "Positive", 50, 0])
    assert (found.score, found.null_reason) == (None, "not_enough_data"), "15 and 40 of 100"
    assert score_values(managed(minimum_weight=55), [None, 0, "Positive", 50, 0]).score == 100


def test_the_lowest_cap_counts_and_one_that_lowers_nothing_does_not() -> None:
    caps = [
        {"title": "A", "when": "", "at_most": 50},
        {"title": "B", "when": "", "at_most": 20},
        {"title": "C", "when": "", "at_most": 20},
    ]
    definition = managed(caps=caps)
    best: list[Value | None] = [60, 0, "Positive", 50, 0]
    found = score_values(definition, best, [0, 2, 1])
    assert (found.score, found.uncapped, found.capped_by) == (20, 100, 1)
    assert found.label == definition.labels[0]
    worst: list[Value | None] = [10, 90, "Negative", -50, 3]
    found = score_values(definition, worst, [0, 1])
    assert (found.score, found.uncapped, found.capped_by) == (0, 0, None)


def test_weights_by_a_constant_and_another_order_change_nothing() -> None:
    for number in CASES:
        dice = Random(f"orders {number}")
        definition = random_definition(dice)
        values = random_values(dice, definition)
        named = {one.key: value for one, value in zip(definition.measures, values, strict=True)}
        factor = dice.randint(2, 9)
        shuffled = [
            replace(
                group,
                weight=group.weight * factor,
                measures=tuple(
                    replace(one, weight=one.weight * (1 + place * factor))
                    for one in dice.sample(group.measures, len(group.measures))
                ),
            )
            for place, group in enumerate(dice.sample(definition.groups, len(definition.groups)))
        ]
        other = replace(definition, groups=tuple(shuffled))
        again = [named[measure.key] for measure in other.measures]
        one, two = score_values(definition, values), score_values(other, again)
        assert (one.score, one.label, one.null_reason) == (two.score, two.label, two.null_reason)


def test_more_points_never_lower_a_score_and_none_leaves_its_range() -> None:
    for number in CASES:
        dice = Random(f"more {number}")
        definition = random_definition(dice)
        scored = score_values(definition, random_values(dice, definition))
        if scored.score is None:
            assert scored.null_reason == "not_enough_data"
            continue
        least, most = score_range(definition)
        assert least <= scored.score <= most
        place = dice.choice([n for n, own in enumerate(scored.points) if own is not None])
        more = list(scored.points)
        more[place] = dice.randint(scored.points[place] or 0, FULL)
        after = uncapped_score(definition, more)
        assert after is not None
        assert after >= scored.score
        assert score_points(definition, more).uncapped == after
