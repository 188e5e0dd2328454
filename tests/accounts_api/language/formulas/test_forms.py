"""A formula prints so that it reads back as the same tree, and every fault has its column."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas.parser import read_formula
from accounts_api.language.formulas.printer import write_formula
from shared.rules.syntax.faults import Fault, RuleFaulty
from shared.rules.syntax.parser import read_text
from shared.rules.syntax.printer import write_text
from tests.accounts_api.language.formulas.random_formulas import written


@given(written())
@settings(max_examples=400)
def test_what_is_printed_reads_back_as_the_same_tree(tree: n.Node) -> None:
    assert bare(read_formula(write_formula(tree))) == bare(tree)


@given(st.lists(written(), max_size=2), st.sampled_from(("in", "not in")))
def test_a_formula_that_is_printed_with_keys_is_read_as_the_same(
    trees: list[n.Node], word: str
) -> None:
    segment = "0198c0de-0e01-7a3b-8c4d-5e6f708192a3"
    asked = f'{word} segment "{segment}"'
    node = n.Call("coalesce", (n.RollUp("count", "opportunities", where=read_text(asked)), *trees))
    assert n.segments_in(node) == {segment}
    printed = write_formula(n.with_segments(node, {segment: "enterprise"}))
    assert segment not in printed
    assert bare(n.with_segments(read_formula(printed), {"enterprise": segment})) == bare(node)


def bare(node: n.Node) -> str:
    """The tree with its types, without its places: `1` and `true` are equal to Python."""
    match node:
        case n.Literal(value):
            return f"{value!r}"
        case n.Name(path):
            return path
        case n.RollUp(function, path, by, where):
            return f"{function} {path} {by} {where and write_text(where)}"
        case n.Call(function, arguments):
            return f"{function}({[bare(one) for one in arguments]})"
        case n.Prefix(operator, item):
            return f"[{operator} {bare(item)}]"
        case n.Infix(operator, left, right):
            return f"[{bare(left)} {operator} {bare(right)}]"
        case n.Empty(item, negated):
            return f"[{bare(item)} empty {negated}]"


@given(st.text(alphabet=st.sampled_from('if(a)+-*/ "1.,=<>!andornt{}truenull@é'), max_size=40))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    faults: Sequence[Fault] = ()
    try:
        tree = read_formula(text)
    except RuleFaulty as faulty:
        faults = faulty.faults
    else:
        assert bare(read_formula(write_formula(tree))) == bare(tree)
    assert all(1 <= (fault.place.column or 0) <= len(text) + 1 for fault in faults)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a -5*3", "a - 5 * 3"),
        ("a--5", "a - -5"),
        ("-5 * a", "-5 * a"),
        ("-(5)", "-(5)"),
        ("- a * b", "-a * b"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("NOT a = 1 AND b", "not a = 1 and b"),
        ("not (a and b)", "not (a and b)"),
        ("(a = b) is empty", "(a = b) is empty"),
        ("1.50 USD+2", "1.5 USD + 2"),
        ("min(a.b)", "min(a.b)"),
        ("min(a.b, 2)", "min(a.b, 2)"),
        ("count( x  where y=1 )", "count(x where y = 1)"),
    ],
)
def test_operators_bind_as_in_arithmetic(text: str, same: str) -> None:
    assert write_formula(read_formula(text)) == same


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("", "syntax", 1),
        ("a b", "syntax", 3),
        ("a = b = c", "syntax", 7),
        ("round(1", "syntax", 8),
        ("count(x where y)", "syntax", 16),
        ("a + 'b'", "bad_character", 5),
        ("1 || 2", "bad_character", 3),
        ("9" * 40, "bad_value", 1),
        ("1.005 USD", "bad_value", 1),
        ("(" * 31 + "1" + ")" * 31, "too_deep", 31),
        ("-" * 40 + "a", "too_deep", 31),
        ("+".join(["1"] * 60), "too_deep", None),
        ("x" * 20_001, "too_large", 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_column(
    text: str, code: str, column: int | None
) -> None:
    with pytest.raises(RuleFaulty) as refused:
        read_formula(text)
    (fault,) = refused.value.faults
    assert fault.code == code
    if column is not None:
        assert fault.place.column == column


def test_the_deepest_formula_that_is_taken_is_read_without_harm() -> None:
    inner = "not (" * 10 + "y = 1" + ")" * 10
    text = "(" * 28 + f"count(x where {inner})" + ")" * 28
    assert write_formula(read_formula(text)) == f"count(x where {inner})"
