"""JSON and text are two spellings of one tree."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, RuleFaulty
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.syntax.parser import RESERVED, read_text
from shared.rules.syntax.printer import write_text
from tests.shared.rules.random_rules import rules

STORY = (
    'status = "subscribed" and arr > 50000 USD and any contact (traits.product_admin = true)'
    ' and count(events "login" within 30 days) < 3 and opportunity.expiration within next 90 days'
)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
names = (
    words
    | st.sampled_from(sorted(RESERVED))
    | st.from_regex(r"[a-z_]+(\.[a-z_]+)?", fullmatch=True)
)
numbers = st.integers(-(2**63) + 1, 2**63 - 1) | st.decimals(
    -(10**9), 10**9, places=5, allow_nan=False
).map(float)
days = st.sampled_from(["2026-01-31", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.25+02:00"])
spans = st.builds(
    lambda unit, count: {str(unit): count},
    st.sampled_from(list(n.Unit)),
    st.integers(0, n.MAX_SPAN),
)
moved = st.builds(lambda span: {"from_today": span}, spans) | st.builds(
    lambda count: {"from_today": {"days": count}}, st.integers(-100, 100)
)
money = st.builds(
    lambda amount, currency: {"amount": amount, "currency": currency},
    st.integers(-(10**12), 10**12),
    st.sampled_from(["USD", "JPY", "KWD", "CLF"]),
)
scalars = st.one_of(words, numbers, st.booleans(), days, moved, money)
VALUES = {
    n.Shape.NOTHING: None,
    n.Shape.ONE: scalars,
    n.Shape.TEXT: words | days,
    n.Shape.LIST: st.lists(scalars, min_size=1, max_size=4),
    n.Shape.PAIR: st.lists(scalars, min_size=2, max_size=2),
    n.Shape.SPAN: spans,
    n.Shape.PERIOD: st.sampled_from(n.PERIODS),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, object]:
    op = draw(st.sampled_from(list(n.Op)))
    condition: dict[str, object] = {"field": draw(names), "op": str(op)}
    values = VALUES[n.SHAPE_OF[op]]
    return condition if values is None else {**condition, "value": draw(values)}


def read(text: str) -> dict[str, object]:
    return write_json(read_text(text))


def only_fault(rule: object) -> Fault:
    with pytest.raises(RuleFaulty) as caught:
        read_text(rule) if isinstance(rule, str) else read_json(rule)
    (fault,) = caught.value.faults
    return fault


@settings(deadline=None)
@given(conditions())
def test_any_condition_goes_to_text_and_back(condition: dict[str, object]) -> None:
    node = read_json(condition)
    assert write_json(node) == condition
    assert read_text(write_text(node)) == node


@settings(deadline=None)
@given(st.sampled_from(["account", "contact", "opportunity"]).flatmap(rules))
def test_any_rule_goes_to_text_and_back(rule: dict[str, object]) -> None:
    node = read_json(rule)
    assert write_json(node) == rule
    assert write_json(read_text(write_text(node))) == rule


def test_the_story_reads_as_json() -> None:
    assert read(STORY) == {
        "all": [
            {"field": "status", "op": "eq", "value": "subscribed"},
            {"field": "arr", "op": "gt", "value": {"amount": 5_000_000, "currency": "USD"}},
            {
                "related": "contact",
                "quantifier": "any",
                "where": {"field": "traits.product_admin", "op": "eq", "value": True},
            },
            {"events": "login", "within_days": 30, "count": {"op": "lt", "value": 3}},
            {"field": "opportunity.expiration", "op": "within_next", "value": {"days": 90}},
        ]
    }
    assert write_text(read_text(STORY)) == STORY


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a = 1 or b = 2 and c = 3", ["any", "field", "all"]),
        ("(a = 1 or b = 2) and c = 3", ["all", "any", "field"]),
        ("all of (a = 1)", ["all", "field"]),
        ("not (not (a = 1))", ["not"]),
    ],
)
def test_and_binds_closer_than_or(text: str, rule: list[str]) -> None:
    written = read(text)
    kind = next(iter(written))
    inner = written[kind]
    kinds = [next(iter(item)) for item in inner] if isinstance(inner, list) else []
    assert [kind, *kinds] == rule


def test_keywords_are_the_same_in_any_case() -> None:
    text = 'A IS EMPTY AND NOT B IN ("x") OR ROLE csm HELD'
    assert write_text(read_text(text)) == '(A is empty and not (B in ("x"))) or role csm held'


@pytest.mark.parametrize(
    ("text", "amount", "printed"),
    [
        ("50000 USD", 5_000_000, "50000 USD"),
        ("49.9 USD", 4_990, "49.9 USD"),
        ("-0.05 EUR", -5, "-0.05 EUR"),
        ("1200 JPY", 1_200, "1200 JPY"),
        ("1.5 KWD", 1_500, "1.5 KWD"),
    ],
)
def test_money_in_text_is_in_major_units(text: str, amount: int, printed: str) -> None:
    condition = read(f"arr > {text}")
    assert condition["value"] == {"amount": amount, "currency": text[-3:]}
    assert write_text(read_json(condition)) == f"arr > {printed}"


@pytest.mark.parametrize(
    ("text", "column", "suggestion"),
    [
        ("status = 'subscribed'", 10, '"'),
        ("status = subscribed", 10, '"subscribed"'),
        ("status = null", 10, "is empty"),
        ("status == 1", 8, "="),
        ("status <> 1", 8, "!="),
        ('name like "a"', 6, "contains"),
        ("a within next 5 minutes", 17, "hours"),
        ("a in this quarter", 11, "fiscal quarter"),
        ("a\u00a0= 1", 2, " "),
        ("`a b` = 1", 1, '"'),
        ("arr > 1e3", 7, None),
        ('count(events "login" within 36601 days) > 1', 29, None),
        ("arr > 3 adn b = 1", 9, "and"),
        ("a = 1 and", 10, None),
        ("(a = 1", 7, None),
        ("a wihtin next 3 days", 3, "within"),
        ("a within next 3 dais", 17, "days"),
        ('a = "open', 5, None),
        ("a = 1 && b = 2", 7, "and"),
        ("arr > 0.001 USD", 7, None),
        ("count(contacts) > 1.5", 19, None),
        ("a = 12345678901234567890", 5, None),
        ('name contains ""', 15, None),
        ("(" * 60 + "a = 1" + ")" * 60, 41, None),
    ],
)
def test_a_fault_in_text_has_its_column(text: str, column: int, suggestion: str | None) -> None:
    fault = only_fault(text)
    assert fault.place.column == column
    assert fault.suggestion == suggestion


@pytest.mark.parametrize(
    ("rule", "pointer", "suggestion"),
    [
        ([], "", None),
        ({"feild": "arr", "op": "eq", "value": 1}, "", "field"),
        ({"field": "arr", "op": "equals", "value": 1}, "/op", None),
        ({"field": "arr", "op": "neqq", "value": 1}, "/op", "neq"),
        ({"all": [{"not": {"field": "a", "op": "eq"}}]}, "/all/0/not/value", None),
        ({"field": "a", "op": "eq", "value": None}, "/value", "is_empty"),
        ({"field": "a", "op": "is_empty", "value": 1}, "/value", None),
        ({"field": "a", "op": "in", "value": [1, None]}, "/value/1", "is_empty"),
        ({"field": "a", "op": "in", "value": []}, "/value", None),
        ({"field": "a", "op": "eq", "value": float("nan")}, "/value", None),
        ({"field": "a", "op": "eq", "value": 2**63}, "/value", None),
        ({"field": "a", "op": "eq", "value": "\0"}, "/value", None),
        ({"field": "a", "op": "eq", "value": "\ud800"}, "/value", None),
        ({"field": "a", "op": "within_next", "value": {"dais": 1}}, "/value", "days"),
        ({"field": "a", "op": "within_next", "value": {"days": True}}, "/value/days", None),
        ({"field": "a", "op": "in_period", "value": "this_quarter"}, "/value", None),
        ({"field": "a/b~c", "op": "eq", "value": 1, "x/y": 2}, "/x~1y", None),
        ({"related": "contacts", "where": {"all": []}}, "", None),
        ({"related": "contacts", "count": {"op": "in", "value": 1}}, "/count/op", None),
        ({"segment": "x", "op": "in"}, "/op", None),
        ({"key_role": "csm", "op": "held_by"}, "", None),
        (
            {"events": "login", "within_days": 0, "count": {"op": "lt", "value": 1}},
            "/within_days",
            None,
        ),
    ],
)
def test_a_fault_in_json_has_its_pointer(
    rule: object, pointer: str, suggestion: str | None
) -> None:
    fault = only_fault(rule)
    assert fault.place.pointer == pointer
    if suggestion is not None:
        assert fault.suggestion == suggestion


def test_all_faults_of_a_rule_come_at_once() -> None:
    rule = {"all": [{"field": "a", "op": "what", "value": 1}, {"field": "", "op": "is_empty"}, 5]}
    with pytest.raises(RuleFaulty) as caught:
        read_json(rule)
    pointers = [fault.place.pointer for fault in caught.value.faults]
    assert pointers == ["/all/0/op", "/all/1/field", "/all/2"]


def nested(depth: int) -> dict[str, object]:
    rule: dict[str, object] = {"field": "a", "op": "is_empty"}
    for _ in range(depth):
        rule = {"not": rule}
    return rule


def test_a_rule_has_limits() -> None:
    read_json(nested(n.MAX_DEPTH - 1))
    assert only_fault(nested(n.MAX_DEPTH)).code == "too_deep"
    assert only_fault("not " * n.MAX_DEPTH + "a is empty").code == "too_deep"
    many = {"any": [nested(0)] * n.MAX_NODES}
    assert only_fault(many).code == "too_large"
    assert only_fault(" or ".join(["a is empty"] * (n.MAX_NODES + 1))).code == "too_large"
    assert only_fault("a" * (n.MAX_RULE_TEXT + 1)).code == "too_large"


@settings(deadline=None, max_examples=500)
@given(st.text(max_size=60) | st.text('ab ()"=<>,.-0123456789notandyUSD', max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(RuleFaulty):
        node = read_text(text)
        assert read_text(write_text(node)) == node
