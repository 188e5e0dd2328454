"""What formulas are worth: laws that hold for every formula and every record."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_api.evaluation.engine.cycles import find_cycle
from accounts_api.language.formula_interpreter.depends import dependencies, is_own, needs
from accounts_api.language.formula_interpreter.evaluate import evaluate
from accounts_api.language.formula_interpreter.kept import kept
from accounts_api.language.formula_interpreter.next_change import next_change
from accounts_api.language.formula_interpreter.nulls import why_null
from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas.days import months_between as count_months
from accounts_api.language.formulas.parser import read_formula
from accounts_api.language.formulas.printer import write_formula
from accounts_api.language.formulas.type_check import check_formula, misfit
from accounts_api.language.formulas.typed import Checked, Formula
from accounts_api.language.formulas.types import Sort
from accounts_api.language.formulas.values import Money
from shared.ids import new_id
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.types.context import months_after
from shared.traits.definitions import Definition
from shared.traits.values import coerce
from tests.accounts_api.language.formulas.random_formulas import (
    CATALOG,
    MOMENT,
    Author,
    record,
    seeds,
    sorts,
    written,
)

dates = st.dates(date(2025, 1, 1), date(2027, 12, 31))
KEPT = {Sort.NUMBER: "number", Sort.MONEY: "currency", Sort.TEXT: "string"}


def checked(node: n.Node) -> Formula:
    return check_formula(node, CATALOG, "account")


def worth(text: str, snapshot: Snapshot | None = None) -> Any:
    formula = checked(read_formula(text))
    value = evaluate(formula, snapshot or record(0), MOMENT)
    return kept(value, "EUR" if formula.root.typed.sort is Sort.MONEY else None)


@given(seeds, sorts, seeds)
@settings(max_examples=300)
def test_every_formula_gives_a_value_of_its_sort_that_can_be_stored(
    author: int, sort: Sort, seed: int
) -> None:
    formula = checked(Author(author).formula(sort))
    typed = formula.root.typed
    assert typed.sort in {sort, Sort.NOTHING}
    assert misfit(formula, sort, "EUR") is None
    value = kept(evaluate(formula, record(seed), MOMENT), "EUR" if sort is Sort.MONEY else None)
    if value is not None:
        wanted = Definition("it", KEPT.get(sort, sort.value))  # type: ignore[arg-type]
        assert coerce(wanted, value) == value
        assert json.loads(json.dumps(value)) == value


@given(written(), seeds)
def test_a_formula_that_gives_no_value_says_why_and_no_other_does(tree: n.Node, seed: int) -> None:
    formula, snapshot = checked(tree), record(seed)
    currency = "EUR" if formula.root.typed.sort is Sort.MONEY else None
    value = kept(evaluate(formula, snapshot, MOMENT), currency)
    assert (why_null(formula, snapshot, MOMENT, currency) is None) == (value is not None)


@given(written(), seeds)
def test_what_is_printed_is_worth_the_same(tree: n.Node, seed: int) -> None:
    again = read_formula(write_formula(tree))
    first, second = (evaluate(checked(node), record(seed), MOMENT) for node in (tree, again))
    assert first == second


@given(seeds, sorts, seeds)
@settings(max_examples=200)
def test_alternatives_and_missing_values_keep_their_laws(
    author: int, sort: Sort, seed: int
) -> None:
    it, snapshot = Author(author).formula(sort), record(seed)

    def value(node: n.Node) -> Any:
        return evaluate(checked(node), snapshot, MOMENT)

    nothing, yes, no = (n.Literal(value) for value in (None, True, False))
    known = value(it)
    assert value(n.Call("coalesce", (nothing, it))) == known
    assert value(n.Call("coalesce", (it, it))) == known
    assert value(n.Call("if", (yes, it, nothing))) == known
    assert value(n.Call("if", (no, nothing, it))) == known
    assert value(n.Call("if", (nothing, nothing, it))) == known
    assert value(n.Call("if", (no, it))) is None
    assert value(n.Empty(it, negated=False)) == (known in (None, ""))
    assert value(n.Empty(it, negated=True)) == (known not in (None, ""))
    if sort is Sort.BOOLEAN:
        assert value(n.Infix("and", it, no)) is False
        assert value(n.Infix("or", it, yes)) is True
        assert value(n.Infix("and", it, yes)) is (known is True)
        assert value(n.Prefix("not", n.Prefix("not", it))) is (known is True)
    if sort in {Sort.NUMBER, Sort.MONEY} and known is not None:
        assert value(n.Infix("+", it, n.Literal(0))) == known
        assert value(n.Infix("*", it, n.Literal(1))) == known
        assert value(n.Infix("/", it, n.Literal(0))) is None


@given(seeds, sorts, seeds, st.floats(0, 1))
@settings(max_examples=300)
def test_nothing_changes_before_its_horizon(
    author: int, sort: Sort, seed: int, part: float
) -> None:
    formula, snapshot = checked(Author(author).formula(sort)), record(seed)
    until = next_change(formula, snapshot, MOMENT)
    if not formula.root.asks.moves:
        assert until is None
    end = until or MOMENT.now + timedelta(days=400)
    later = MOMENT.now + (end - timedelta(microseconds=1) - MOMENT.now) * part
    then = replace(MOMENT, now=later)
    assert evaluate(formula, snapshot, then) == evaluate(formula, snapshot, MOMENT)


@given(seeds, sorts, seeds)
@settings(max_examples=300)
def test_only_what_is_seen_can_change_a_value(author: int, sort: Sort, seed: int) -> None:
    formula, snapshot = checked(Author(author).formula(sort)), record(seed)
    seen = {dependency.what for dependency in dependencies(formula) if not dependency.path}
    needed = needs(formula)
    assert {field for field in needed.fields if field != "created_at"} <= seen | {"created_at"}
    other = record(seed + 1)
    traits = {k: v for k, v in snapshot.traits.items() if f"traits.{k}" in seen}
    traits |= {k: v for k, v in other.traits.items() if f"traits.{k}" not in seen}
    kept_columns = seen | {"created_at"}
    columns = {
        k: snapshot.columns[k] if k in kept_columns else other.columns[k] for k in other.columns
    }
    changed = replace(snapshot, traits=traits, columns=columns)
    if is_own(formula):
        changed = replace(changed, related={})
    assert evaluate(formula, changed, MOMENT) == evaluate(formula, snapshot, MOMENT)


def test_every_kind_of_node_says_itself_what_it_asks_of_the_moment() -> None:
    assert [kind for kind in get_args(Checked) if "asks" not in vars(kind)] == []


@given(dates, dates)
def test_whole_months_do_not_pass_the_end(first: date, last: date) -> None:
    count = count_months(first, last)
    if first <= last:
        reached, beyond = months_after(first, count), months_after(first, count + 1)
        assert reached is not None
        assert beyond is not None
        assert reached <= last < beyond
    else:
        assert count == -count_months(last, first)


ACME = Snapshot(
    "a",
    {"arr": 100_050, "currency": "EUR", "name": "Acme", "created_at": MOMENT.now},
    {"seats": Decimal("2.5"), "fee": 99, "seen": "2026-03-05T04:30:00Z", "parts": ["a"]},
    related={
        "opportunities": [
            Snapshot("1", {"arr": 100, "currency": "EUR", "stage": "x", "close_date": None}),
            Snapshot("2", {"arr": 1, "currency": "USD", "stage": None, "close_date": None}),
        ],
        "contacts": [Snapshot("3", {"email_status": "ok"}), Snapshot("3", {"email_status": "ok"})],
    },
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2", 0.3),
        ("1 / 3", 0.333333333333333),
        ("10 / 4", 2.5),
        ("round(2.5) + round(-2.5)", 0),
        ("round(1234.567, -2)", 1200),
        ("floor(-1.5)", -2),
        ("arr * 0.5", 50_025),
        ("arr / 3", 33_350),
        ("arr + traits.fee", 100_149),
        ("arr + 1 USD", None),
        ("amount(arr)", 1000.5),
        ("arr / traits.fee", 1010.60606060606),
        ("sum(opportunities.arr)", None),
        ('sum(opportunities.arr where currency = "EUR")', 100),
        ("sum(opportunities.arr where arr > 500)", 0),
        ("max(opportunities.arr where arr > 500)", None),
        ("latest(opportunities.stage by arr)", "x"),
        ("count(contacts)", 1),
        ("date(traits.seen)", "2026-03-04"),
        ("date(traits.seen) = today()", True),
        ("traits.seen", "2026-03-05T04:30:00Z"),
        ("add_business_days(2026-03-05, 1)", "2026-03-09"),
        ("add_days(2026-01-01, 100000)", None),
        ("months_between(2026-01-31, 2026-02-28)", 1),
        ('concat(name, " ", arr, " ", today())', "Acme 1000.5 EUR 2026-03-04"),
        ('left(name, 2) = "Ac"', True),
        ('contains(name, "ACM") and contains(traits.parts, "a")', True),
        ('number(" 12.50 ")', 12.5),
        ('number("twelve")', None),
        ("length(traits.parts)", 1),
        ("null", None),
        ("if(traits.live, 1, 2)", 2),
        ("domain is empty", True),
        ("arr > 1 USD", False),
        ("arr != 1 USD", True),
        ("not (traits.day = today())", True),
        ("not traits.live", True),
        ('contains(domain, "a") or domain = "a"', False),
    ],
)
def test_a_formula_is_worth_what_the_guide_says(text: str, value: Any) -> None:
    found = worth(text, ACME)
    assert found == value
    assert type(found) is type(value)


def test_numbers_beyond_what_is_kept_are_no_values() -> None:
    huge = f"{10**15} * {10**15}"
    assert kept(evaluate(checked(read_formula(huge)), ACME, MOMENT)) is None
    tiny = f"1 / {10**15} / {10**15}"
    assert kept(evaluate(checked(read_formula(tiny)), ACME, MOMENT)) == 0
    assert kept(Money(Decimal(10) ** 30, "EUR"), "EUR") is None
    assert kept(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"


@given(
    st.dictionaries(st.integers(0, 6), st.sets(st.integers(0, 6), max_size=3), max_size=7),
    st.sets(st.integers(0, 6), min_size=1, max_size=3),
)
def test_a_circle_is_found_if_there_is_one(edges: dict[int, set[int]], formulas: set[int]) -> None:
    ids = [new_id() for _ in range(7)]
    links = {ids[one]: {ids[other] for other in others} for one, others in edges.items()}
    through = {ids[one] for one in formulas}
    cycle = find_cycle(ids[0], links, through)

    def reached(start: Any) -> set[Any]:
        found, waiting = set(), [*links.get(start, ())]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += links.get(one, ())
        return found

    wanted = any(one in {ids[0], *reached(ids[0])} and ids[0] in reached(one) for one in through)
    assert (cycle is not None) == wanted
    if cycle is not None:
        assert cycle[0] == cycle[-1] == ids[0]
        assert set(cycle) & through
        assert all(b in links[a] for a, b in pairwise(cycle))
