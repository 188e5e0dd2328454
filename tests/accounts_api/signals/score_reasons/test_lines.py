"""Lines of an explanation add up to the score, and those of a change to the difference."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.score_reasons.changes import Decided, Line, change_since
from accounts_api.signals.score_reasons.contributions import contributions, distances
from accounts_api.signals.score_reasons.written import written, written_parts
from accounts_api.signals.scoring.definition import Definition, FromChildren, Value
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.score import score_children, score_values
from tests.accounts_api.signals.scoring.making import document, random_definition, random_values

CASES = 500


def managed() -> Definition:
    [read], _ = read_definitions([document()])
    return read


def decided(definition: Definition, values: list[Value | None], version: int = 1) -> Decided:
    named = {one.key: value for one, value in zip(definition.measures, values, strict=True)}
    return Decided(definition, version, named, score_values(definition, values))


def test_the_lines_of_the_design_s_example() -> None:
    definition = managed()
    score = score_values(definition, [Decimal("22.5"), 9, "Neutral", None, 1])
    parts = contributions(definition, score)
    assert parts is not None
    assert written_parts(parts.effective_weights) == [
        "0.4500",
        "0.1500",
        "0.2667",
        "0.0000",
        "0.1333",
    ]
    # The design writes 13.3333; what is cut off of it is given back, so that the lines add up.
    lines = written_parts(parts.measures)
    assert lines == ["11.2500", "7.5000", "13.3334", "0.0000", "5.3333"]
    assert (written(parts.unrounded), written(parts.rounding)) == ("37.4167", "-0.4167")
    assert sum(map(Decimal, [*lines, "-0.4167"])) == 37
    down, up = distances(definition, 37)
    assert (down, up and (up.to.key, up.points)) == (None, ("concerning", 3))
    down, up = distances(definition, 70)
    assert (down and (down.to.key, down.points), up) == (("concerning", 1), None)


def test_the_change_of_the_design_s_example() -> None:
    definition = managed()
    now = decided(definition, [Decimal("22.5"), 9, "Neutral", None, 1])
    then = decided(definition, [Decimal(23), 9, "Positive", None, 1])
    assert (then.shown, now.shown) == (51, 37)
    lines = change_since(then, now)
    assert lines is not None
    assert [(line.kind, line.measure) for line in lines] == [
        ("measure", "wau"),
        ("measure", "sentiment"),
        ("rounding", None),
    ]
    assert written_parts([line.points for line in lines]) == ["-0.4500", "-13.3333", "-0.2167"]


def test_lines_add_up_to_the_score_that_is_shown() -> None:
    for number in range(CASES):
        dice = Random(f"lines {number}")
        definition = random_definition(dice)
        caps = [n for n in range(len(definition.caps)) if dice.random() < 0.5]
        score = score_values(definition, random_values(dice, definition), caps)
        overridden = dice.choice((None, dice.randint(0, 100)))
        parts = contributions(definition, score, overridden)
        assert (parts is None) == (score.score is None)
        if parts is None:
            continue
        assert parts.score == (score.score if overridden is None else overridden)
        assert sum(parts.effective_weights) == 1
        assert abs(parts.rounding) <= Fraction(5_001, 10_000)
        if score.capped_by is None:
            assert parts.cap == 0


def test_lines_of_a_change_add_up_to_the_difference() -> None:
    compared = 0
    for number in range(CASES):
        dice = Random(f"changes {number}")
        one = random_definition(dice)
        other = dice.choice((one, random_definition(dice)))
        then = decided(one, random_values(dice, one))
        now = decided(other, random_values(dice, other), 1 if other is one else 2)
        if dice.random() < 0.2:
            now = replace(now, overridden=dice.randint(0, 100))
        lines = change_since(then, now)
        if lines is None:
            assert None in {then.score.score, now.score.score}
            continue
        compared += 1
        assert then.shown is not None
        assert sum((line.points for line in lines), Fraction(then.shown)) == now.shown
        assert any(line.kind == "definition" for line in lines) == (other is not one)
    assert compared > CASES / 2


def test_an_edit_of_the_list_is_not_taken_for_a_change_of_the_customer() -> None:
    definition = managed()
    values: list[Value | None] = [Decimal("22.5"), 9, "Neutral", None, 1]
    usage, relationship = definition.groups
    edited = replace(definition, groups=(replace(usage, weight=10), relationship))
    lines = change_since(decided(definition, values), decided(edited, values, 2))
    assert lines is not None
    assert {line.kind for line in lines} == {"definition", "rounding"}


def test_weight_that_comes_back_has_its_own_line() -> None:
    definition = managed()
    then = decided(definition, [Decimal("22.5"), 9, "Neutral", None, 1])
    now = decided(definition, [Decimal("22.5"), 9, "Neutral", 50, 1])
    lines = change_since(then, now)
    assert lines is not None
    assert {line.kind for line in lines} == {"weights", "rounding"}


def test_of_a_roll_up_the_children_are_the_line() -> None:
    definition = replace(managed(), groups=(), from_children=FromChildren("arr", "average"))
    then = Decided(definition, 1, {}, score_children(definition, [(50, 100), (81, None)]))
    now = Decided(definition, 1, {}, score_children(definition, [(50, 100), (80, 100)], [0]))
    assert (then.shown, now.shown) == (50, 39)
    assert change_since(then, now) == [
        Line("children", Fraction(15)),
        Line("cap", Fraction(-26)),
    ]


@given(st.lists(st.fractions(-100, 100), max_size=12))
def test_written_parts_add_up_to_the_written_sum(parts: list[Fraction]) -> None:
    total = sum(map(Decimal, written_parts(parts)), Decimal(0))
    assert f"{total:.4f}".replace("-0.0000", "0.0000") == written(sum(parts, Fraction(0)))
    assert all(
        abs(Fraction(text) - part) < Fraction(1, 10_000)
        for text, part in zip(written_parts(parts), parts, strict=True)
    )
