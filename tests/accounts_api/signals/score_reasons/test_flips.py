"""The smallest flip, against trying everything."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, product
from random import Random

from accounts_api.signals.score_reasons.flips import (
    Flip,
    Impossible,
    smallest_flip,
    unknown_measures,
)
from accounts_api.signals.score_reasons.states import Sign, scale, states
from accounts_api.signals.scoring.definition import Definition, Linear, Value
from accounts_api.signals.scoring.points import points_of
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.score import score_values, uncapped_score
from tests.accounts_api.signals.scoring.making import document, random_definition, random_values

CASES = 500
SIGNS: tuple[Sign, Sign] = (1, -1)


def managed() -> Definition:
    [read], _ = read_definitions([document()])
    return read


def flipped(
    definition: Definition, values: list[Value | None], found: Flip, left_out: int | None = None
) -> int | None:
    after = list(values)
    for change in found.changes:
        if change.place != left_out:
            after[change.place] = change.after
    return score_values(definition, after).uncapped


def edge_of(definition: Definition, score: int, sign: Sign) -> int:
    place = definition.labels.index(definition.label_of(score))
    return definition.labels[place + 1].start if sign > 0 else definition.labels[place].start - 1


def every_way(
    definition: Definition, values: list[Value | None], points: list[int | None], sign: Sign
) -> Iterator[tuple[tuple[int, ...], int, bool]]:
    """Places, cost, and whether it flips; a scale is tried at whole points."""
    score = uncapped_score(definition, points)
    assert score is not None
    edge = edge_of(definition, score, sign)
    ways: dict[int, list[tuple[int, int]]] = {}
    for place, (measure, value, own) in enumerate(
        zip(definition.measures, values, points, strict=True)
    ):
        if own is None:
            continue
        ways[place] = [(s.points, s.cost) for s in states(measure, value, own, sign)]
        found = scale(measure, value, own, sign)
        if found is not None:
            grid = [n for n in range(0, 10_001, 500) if sign * (n - own) > 0]
            ways[place] = [(n, found.cost(n)) for n in grid]
    for count in range(1, len(ways) + 1):
        for places in combinations(ways, count):
            for chosen in product(*(ways[place] for place in places)):
                after = list(points)
                for place, (own, _) in zip(places, chosen, strict=True):
                    after[place] = own
                moved = uncapped_score(definition, after)
                assert moved is not None
                yield places, sum(cost for _, cost in chosen), sign * (moved - edge) >= 0


def test_nothing_smaller_flips() -> None:
    flips = impossible = exact = 0
    for number in range(CASES):
        dice = Random(f"flips {number}")
        definition = random_definition(dice, measures=4, groups=3)
        values = random_values(dice, definition)
        points = [points_of(*pair) for pair in zip(definition.measures, values, strict=True)]
        score = uncapped_score(definition, points)
        for sign in SIGNS if score is not None else ():
            found = smallest_flip(definition, values, points, sign)
            if found is None:
                assert definition.label_of(score or 0) == definition.labels[-(sign > 0)]
                continue
            ways = [way for way in every_way(definition, values, points, sign) if way[2]]
            if isinstance(found, Impossible):
                impossible += 1
                assert not ways, number
                continue
            flips += 1
            edge = edge_of(definition, score or 0, sign)
            after = flipped(definition, values, found)
            assert after is not None
            assert sign * (after - edge) >= 0
            assert definition.label_of(after) == found.to
            for change in found.changes:
                without = flipped(definition, values, found, change.place)
                assert without is not None
                assert sign * (without - edge) < 0, "each change is needed"
            fewest = min(len(places) for places, _, _ in ways)
            assert len(found.changes) == fewest, number
            cheapest = min(cost for places, cost, _ in ways if len(places) == fewest)
            if found.exact:
                exact += 1
                assert found.cost <= cheapest, number
    assert min(flips, impossible, exact) > CASES / 20


def test_a_list_without_scales_has_the_cost_that_trying_everything_finds() -> None:
    for number in range(CASES):
        dice = Random(f"discrete flips {number}")
        definition = random_definition(dice, measures=5, groups=3)
        if any(isinstance(measure.points, Linear) for measure in definition.measures):
            continue
        values = random_values(dice, definition)
        points = [points_of(*pair) for pair in zip(definition.measures, values, strict=True)]
        for sign in SIGNS if uncapped_score(definition, points) is not None else ():
            found = smallest_flip(definition, values, points, sign)
            if isinstance(found, Flip):
                ways = [way for way in every_way(definition, values, points, sign) if way[2]]
                fewest = min(len(places) for places, _, _ in ways)
                least = min(cost for places, cost, _ in ways if len(places) == fewest)
                assert (found.exact, found.cost) == (True, least), number


def test_the_example_of_the_design_flips_by_its_scale() -> None:
    definition = managed()
    values: list[Value | None] = [Decimal("22.5"), 9, "Neutral", None, 1]
    points = score_values(definition, values).points
    found = smallest_flip(definition, values, points, 1)
    assert isinstance(found, Flip)
    assert (found.to.key, found.exact) == ("concerning", True)
    assert [(change.place, change.after) for change in found.changes] == [(0, Decimal("24.9"))]
    assert smallest_flip(definition, values, points, -1) is None


def test_what_nobody_can_change_is_left_alone() -> None:
    definition = managed()
    usage, relationship = definition.groups
    fixed = tuple(replace(measure, not_actionable=True) for measure in usage.measures)
    definition = replace(definition, groups=(replace(usage, measures=fixed), relationship))
    values: list[Value | None] = [Decimal("22.5"), 9, "Neutral", None, 1]
    found = smallest_flip(definition, values, score_values(definition, values).points, 1)
    assert isinstance(found, Flip)
    assert [(change.place, change.after) for change in found.changes] == [(4, 0)]
    hopeless: list[Value | None] = [10, 31, "Negative", None, 3]
    found = smallest_flip(definition, hopeless, score_values(definition, hopeless).points, 1)
    assert isinstance(found, Flip)
    assert [change.after for change in found.changes] == ["Positive", 0]
    raised = replace(
        definition, labels=(definition.labels[0], replace(definition.labels[1], start=50))
    )
    found = smallest_flip(raised, hopeless, score_values(raised, hopeless).points, 1)
    assert found == Impossible(raised.labels[1], 40)


def test_a_choice_is_the_least_that_is_enough() -> None:
    definition = managed()
    values: list[Value | None] = [Decimal("22.5"), 9, "Negative", 50, 0]
    points = score_values(definition, values).points
    only = tuple(
        replace(
            group,
            measures=tuple(replace(m, not_actionable=m.key != "sentiment") for m in group.measures),
        )
        for group in definition.groups
    )
    found = smallest_flip(replace(definition, groups=only), values, points, 1)
    assert isinstance(found, Flip)
    assert [change.after for change in found.changes] == ["Neutral"]


def test_what_is_not_known_may_flip_it_either_way() -> None:
    definition = managed()
    points = score_values(definition, [Decimal("22.5"), 9, "Neutral", None, 1]).points
    [unknown] = unknown_measures(definition, points)
    assert unknown.place == 3
    assert (unknown.best, unknown.worst) == (definition.labels[1], definition.labels[0])


def test_a_long_list_is_searched_within_its_bounds() -> None:
    for number in range(6):
        dice = Random(f"long flips {number}")
        definition = random_definition(dice, measures=40, groups=6)
        values = random_values(dice, definition)
        points = [points_of(*pair) for pair in zip(definition.measures, values, strict=True)]
        for sign in SIGNS:
            found = smallest_flip(definition, values, points, sign)
            if isinstance(found, Flip):
                after = flipped(definition, values, found)
                assert after is not None
                assert definition.label_of(after) == found.to
