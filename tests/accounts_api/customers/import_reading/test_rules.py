"""What the text of a cell is worth, and what a row says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.customers.import_destinations.rules import ImportTargetType, Target
from accounts_api.customers.import_reading.cells import Unreadable, amount, value_of
from accounts_api.customers.import_reading.rules import Members, Reading, together
from accounts_api.customers.imports.rules import AmountUnits
from accounts_api.language.spreadsheets.csv_cells import cell
from tests.accounts_api.customers.imports.making import KNOWN

MEMBERS = {"ada@x.example": "m-1", "bob@x.example": "m-2"}


AWKWARD = ["a", "=b", "c d", "b;1", '"q"', 'x"y', "c, d", "'e", "two\nlines"]


@given(
    st.one_of(
        st.tuples(st.just("number"), st.integers(-(10**15), 10**15)),
        st.tuples(st.just("boolean"), st.booleans()),
        st.tuples(st.just("list"), st.lists(st.sampled_from(AWKWARD), unique=True)),
        st.tuples(st.just("text"), st.text("=+-@'ab", min_size=1, max_size=5)),
    )
)
def test_what_an_export_writes_an_import_reads(case: tuple[ImportTargetType, Any]) -> None:
    kind, value = case
    target = Target("traits.x", kind, "x")
    assert value_of(target, cell(value), MEMBERS) == value


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("number", " 12.50 ", 12.5),
        ("number", "1,250", "ambiguous_number"),
        ("number", "1.250", 1.25),
        ("number", "1,250.5", 1250.5),
        ("number", "1.250,5", 1250.5),
        ("number", "1e3", "not_a_number"),
        ("number", "$5", "not_a_number"),
        ("number", "nan", "not_a_number"),
        ("number", "١٢", "not_a_number"),
        ("boolean", "YES", True),
        ("boolean", "0", False),
        ("boolean", "x", "not_a_boolean"),
        ("members", "Ada@x.example; bob@x.example;", ["m-1", "m-2"]),
        ("members", "eve@x.example", "unknown_member"),
        ("member", "m-9", "m-9"),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", "31.1.2026", "2026-01-31"),
        ("date", "3/4/2026", "ambiguous_date"),
        ("date", "46053", "not_a_date"),
        ("datetime", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("boolean", "WAHR", True),
        ("boolean", "Faux", False),
        ("text", '="007"', "007"),
        ("text", "#N/A", "spreadsheet_error"),
        ("text", "#1 in the market", "#1 in the market"),
        ("text", "########", "spreadsheet_error"),
    ],
)
def test_text_becomes_a_value_or_says_why_not(
    kind: ImportTargetType, text: str, expected: Any
) -> None:
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
        ("$5", "major", "USD", 500),
        ("$48,000.00", "major", "USD", 4_800_000),
        ("48.000,00 €", "major", "EUR", 4_800_000),
        ("(1,234.50)", "major", "USD", -123_450),
        ("48.000", "major", "EUR", None),
        ("4,800,000", "minor", "USD", 4_800_000),
        ("CHF 1'234.50", "major", "CHF", 123_450),
    ],
)
def test_money_has_the_decimals_of_its_currency(
    text: str, amounts: AmountUnits, currency: str | None, minor: int | None
) -> None:
    try:
        found: int | None = amount(text, amounts, currency)
    except Unreadable:
        found = None
    assert found == minor


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.23457E+15", "rounded_id"),
        ("1,23457E+15", "rounded_id"),
        ("1E+15", "rounded_id"),
        ("1234567890123450000", "rounded_id"),
        ("1234567890123456789", None),
        ("123456789012345", None),
        ("0013E00001E8", None),
        ("3E8", None),
    ],
)
def test_an_id_that_a_spreadsheet_rounded_is_refused(cell: str, code: str | None) -> None:
    reading = Reading(["ID"], {"ID": "external_id"}, KNOWN, "minor", "leave", linked=False)
    said, faults = reading.row([cell], Members())
    assert [fault.code for fault in faults] == ([code] if code else [])
    assert said == ({} if code else {"external_id": cell})


def test_zeros_at_the_end_of_an_id_are_its_own_when_others_have_kept_their_digits() -> None:
    evidence = {"ID": {"long_number": {"row": 2, "cell": "1234567890123456789"}}}
    reading = Reading(
        ["ID"], {"ID": "external_id"}, KNOWN, "minor", "leave", linked=False, evidence=evidence
    )
    assert reading.row(["1234567890123450000"], Members())[1] == []


@pytest.mark.parametrize(
    ("identities", "refused", "also"),
    [
        (["a", "a", "b"], {0}, {1: 0}),
        (["a", "a", "b"], {1}, {0: 1}),
        (["a", "b", "a", "a"], {0, 2}, {3: 0}),
        (["a", "b"], {0}, {}),
        ([None, None], {0}, {}),
    ],
)
def test_rows_of_one_record_are_refused_together(
    identities: list[str | None], refused: set[int], also: dict[int, int]
) -> None:
    assert together(identities, refused) == also
