"""A cell is read in the one way it can be, in the way that was chosen, or not at all."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.language.spreadsheets.evidence import Evidence, guessed
from accounts_api.language.spreadsheets.formats import (
    ORDERS,
    SIGNS,
    Ambiguous,
    DateOrder,
    DecimalSign,
    Illegible,
    number_readings,
    read_day,
    read_instant,
    settled,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))


def outcome(read: Any, *given_to_it: Any) -> str:
    try:
        return str(read(*given_to_it))
    except (Ambiguous, Illegible) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-01-31", None, "2026-01-31"),
        ("2026/1/31", "month_first", "2026-01-31"),
        ("2026.01.31", None, "2026-01-31"),
        ("2026. 1. 31.", None, "2026-01-31"),
        ("2026年1月31日", None, "2026-01-31"),
        ("31.01.2026", None, "2026-01-31"),
        ("31. 1. 2026", None, "2026-01-31"),
        ("3.4.2026", None, "2026-04-03"),
        ("3.4.2026", "month_first", "Illegible"),
        ("1/31/2026", None, "2026-01-31"),
        ("31/1/2026", None, "2026-01-31"),
        ("31/1/2026", "month_first", "Illegible"),
        ("3/4/2026", None, "Ambiguous"),
        ("4/4/2026", None, "2026-04-04"),
        ("3/4/2026", "day_first", "2026-04-03"),
        ("3-4-2026", "month_first", "2026-03-04"),
        ("31-Jan-26", None, "2026-01-31"),
        ("31 January 2026", None, "2026-01-31"),
        ("Jan 31, 2026", None, "2026-01-31"),
        ("31-Jan-50", None, "1950-01-31"),
        ("26/01/31", None, "Illegible"),
        ("31.02.2026", None, "Illegible"),
        ("13/13/2026", None, "Illegible"),
        ("46053", None, "Illegible"),
        ("soon", None, "Illegible"),
        ("31 foo 2026", None, "Illegible"),
        ("", None, "Illegible"),
        ("\u0663\u0661.01.2026", None, "Illegible"),
        ("2026-01-31 00:00:00", None, "2026-01-31"),
        ("1/31/2026 11:30 PM", None, "2026-01-31"),
        ("2026-12-31T23:30:00.000+0000", None, "2027-01-01"),
        ("2026-12-31T23:30:00Z", None, "2027-01-01"),
    ],
)
def test_a_day_is_read_in_one_way(text: str, order: DateOrder | None, day: str) -> None:
    assert outcome(read_day, text, order, BERLIN) == day


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T09:00:00Z", "2026-01-31 09:00:00+00:00"),
        ("31.01.2026 09:30", "2026-01-31 08:30:00+00:00"),
        ("31.07.2026 09:30:15", "2026-07-31 07:30:15+00:00"),
        ("1/31/2026, 12:05 am", "2026-01-30 23:05:00+00:00"),
        ("1/31/2026 12:05 p.m.", "2026-01-31 11:05:00+00:00"),
        ("2026-01-31", "2026-01-30 23:00:00+00:00"),
        ("2026-01-31 09:00 +05:30", "2026-01-31 03:30:00+00:00"),
        ("2026-01-31 25:00", "Illegible"),
        ("2026-01-31 13:00 PM", "Illegible"),
        ("2026-01-31 09:00+99:00", "Illegible"),
        ("0001-01-01 00:00+14:00", "Illegible"),
        ("3/4/2026 09:00", "Ambiguous"),
    ],
)
def test_an_instant_without_an_offset_is_of_the_workspaces_zone(text: str, instant: str) -> None:
    assert outcome(read_instant, text, None, BERLIN) == instant


@given(DAYS, st.sampled_from(ORDERS), st.sampled_from("-/."))
def test_a_chosen_order_reads_what_is_written_in_it(
    day: date, order: DateOrder, between: str
) -> None:
    first, second = (day.day, day.month) if order == "day_first" else (day.month, day.day)
    if between == "." and order == "month_first":
        return  # nobody writes it so
    text = between.join([str(first), str(second), str(day.year)])
    assert read_day(text, order, BERLIN) == day
    assert outcome(read_day, text, None, BERLIN) in {str(day), "Ambiguous"}


@given(DAYS, st.times())
def test_iso_8601_is_read_whatever_was_chosen(day: date, clock: time) -> None:
    at = datetime.combine(day, clock)
    for order in (None, *ORDERS):
        assert read_day(day.isoformat(), order, BERLIN) == day
        assert read_day(at.isoformat(sep=" "), order, BERLIN) == day


@pytest.mark.parametrize(
    ("text", "decimals", "figures"),
    [
        ("1250", None, "1250"),
        ("1250.5", None, "1250.5"),
        ("1250,5", None, "1250.5"),
        ("1,234,567", None, "1234567"),
        ("1.234.567", None, "1234567"),
        ("1.234,50", None, "1234.50"),
        ("1,234.50", None, "1234.50"),
        ("1,234", None, "Ambiguous"),
        ("1,234", "point", "1234"),
        ("1,234", "comma", "1.234"),
        ("0,125", None, "0.125"),
        ("1250.5", "comma", "Illegible"),
        ("1 234 567,8", None, "1234567.8"),
        ("1\u202f234,5", None, "1234.5"),
        ("1'234.50", None, "1234.50"),
        ("12,34,567.8", None, "1234567.8"),
        ("(1,234.50)", None, "-1234.50"),
        ("1,234.50-", None, "-1234.50"),
        ("\u22125", None, "-5"),
        ("+5", None, "5"),
        ("--5", None, "Illegible"),
        ("(-5)", None, "Illegible"),
        ("1,23,4", None, "Illegible"),
        ("1.2.3", None, "Illegible"),
        ("10.0.0.1", None, "Illegible"),
        ("31.1.2026", None, "Illegible"),
        ("12%", None, "Illegible"),
        ("", None, "Illegible"),
        ("-", None, "Illegible"),
        ("١٢", None, "Illegible"),
    ],
)
def test_a_number_is_read_in_one_way(text: str, decimals: DecimalSign | None, figures: str) -> None:
    assert outcome(settled, number_readings(text), decimals) == figures


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9
    ),
    st.sampled_from(SIGNS),
    st.booleans(),
)
def test_a_chosen_sign_reads_what_is_written_with_it(
    value: Any,
    sign: DecimalSign,
    grouped: bool,  # noqa: FBT001
) -> None:
    text = f"{value:,.2f}" if grouped else f"{value:.2f}"
    if sign == "comma":
        text = text.translate(str.maketrans(".,", ",."))
    assert settled(number_readings(text), sign) == f"{value:.2f}"


def test_what_a_file_shows_settles_what_its_other_cells_leave_open() -> None:
    evidence = Evidence()
    rows = [["3/4/2026", "1,250", "x"], ["31/4/2026", "7", "5/13/2026"], ["30/4/2026", "1,5", "1"]]
    evidence.see(enumerate(rows, 2))
    shown = evidence.by_column(["Since", "Seats", "Note"])
    since = guessed(shown, ["Since"], ORDERS)
    assert since is not None
    assert (since.value, since.row, since.cell) == ("day_first", 4, "30/4/2026")
    seats = guessed(shown, ["Seats"], SIGNS)
    assert seats is not None
    assert (seats.value, seats.column, seats.cell) == ("comma", "Seats", "1,5")
    assert guessed(shown, ["Since", "Note"], ORDERS) is None, "they contradict each other"
    assert guessed(shown, ["Note"], SIGNS) is None
