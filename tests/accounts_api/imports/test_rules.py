"""What columns are taken to mean, and what the text of a cell is worth."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.imports.rules import (
    Amounts,
    Target,
    TargetType,
    Unreadable,
    amount,
    proposed,
    targets,
    value_of,
)
from accounts_api.reading.csv_cells import cell
from accounts_api.records.kinds import ACCOUNT
from accounts_api.records.trait_values import Definition

MEMBERS = {"ada@x.example": "m-1", "bob@x.example": "m-2"}
KNOWN = targets(
    ACCOUNT,
    ["id", "external_id", "name", "domain", "arr", "traits", "deleted"],
    {
        "name": Definition("name", "string"),
        "health_score": Definition("health_score", "number"),
        "spend": Definition("spend", "currency", currency="JPY"),
        "old": Definition("old", "string", deprecated=True),
        "worked_out": Definition("worked_out", "formula"),
    },
    {"csm": "Customer Success Manager"},
)


def test_only_what_a_file_may_write_is_a_target() -> None:
    assert set(KNOWN) == {
        *("id", "external_id", "name", "domain", "arr"),
        *("traits.name", "traits.health_score", "traits.spend", "key_roles.csm"),
    }


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("External ID", "external_id"),
        ("traits.name", "traits.name"),
        ("Name", "name"),
        ("Héalth-Score ", "traits.health_score"),
        ("CSM", "key_roles.csm"),
        ("customer success manager", "key_roles.csm"),
        ("Website", "domain"),
        ("", None),
        ("deleted", None),
    ],
)
def test_a_column_is_mapped_by_its_name(column: str, target: str | None) -> None:
    assert proposed([column], KNOWN) == {column: target}


def test_no_two_columns_are_mapped_to_one_field() -> None:
    columns = ["Company", "Name", "name"]
    assert proposed(columns, KNOWN) == {"Company": "name", "Name": None, "name": None}


AWKWARD = ["a", "=b", "c d", "b;1", '"q"', 'x"y', "c, d", "'e", "two\nlines"]


@given(
    st.one_of(
        st.tuples(st.just("number"), st.integers(-(10**15), 10**15)),
        st.tuples(st.just("boolean"), st.booleans()),
        st.tuples(st.just("list"), st.lists(st.sampled_from(AWKWARD), unique=True)),
        st.tuples(st.just("text"), st.text("=+-@'ab", min_size=1, max_size=5)),
    )
)
def test_what_an_export_writes_an_import_reads(case: tuple[TargetType, Any]) -> None:
    kind, value = case
    target = Target("traits.x", kind, "x")
    assert value_of(target, cell(value), MEMBERS) == value


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("number", " 12.50 ", 12.5),
        ("number", "1,250", "not_a_number"),
        ("number", "1e3", "not_a_number"),
        ("number", "nan", "not_a_number"),
        ("number", "١٢", "not_a_number"),
        ("boolean", "YES", True),
        ("boolean", "0", False),
        ("boolean", "x", "not_a_boolean"),
        ("members", "Ada@x.example; bob@x.example;", ["m-1", "m-2"]),
        ("members", "eve@x.example", "unknown_member"),
        ("member", "m-9", "m-9"),
        ("date", "2026-01-31", "2026-01-31"),
    ],
)
def test_text_becomes_a_value_or_says_why_not(kind: TargetType, text: str, expected: Any) -> None:
    try:
        found: Any = value_of(Target("x", kind, "x"), text, MEMBERS)
    except Unreadable as wrong:
        found = wrong.code
    assert found == expected


@pytest.mark.parametrize(
    ("text", "amounts", "currency", "minor"),
    [
        ("4800000", "minor", "USD", 4_800_000),
        ("48000.50", "major", "USD", 4_800_050),
        ("48000", "major", "JPY", 48_000),
        ("1.234", "major", "KWD", 1_234),
        ("-0.01", "major", None, -1),
        ("48.5", "minor", "USD", None),
        ("0.001", "major", "USD", None),
        ("48,000", "major", "USD", None),
        ("$5", "major", "USD", None),
    ],
)
def test_money_has_the_decimals_of_its_currency(
    text: str, amounts: Amounts, currency: str | None, minor: int | None
) -> None:
    try:
        found: int | None = amount(text, amounts, currency)
    except Unreadable:
        found = None
    assert found == minor
