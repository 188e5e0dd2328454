"""Values of Salesforce: how they become ours, and how ours are written there."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from sync_worker.connectors.base import Field, Kind, Unencodable, Value
from sync_worker.connectors.salesforce.rows import decode, encode
from sync_worker.crm_sync.translation.transforms import (
    Locale,
    MappedValueType,
    Unmappable,
    converted,
)

KINDS: dict[MappedValueType, Kind] = {
    "money": "money",
    "number": "number",
    "boolean": "bool",
    "date": "date",
    "datetime": "instant",
    "choices": "choices",
}
"""What a field of theirs is that a mapping calls so."""
LOCALE = Locale("USD", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("value", "kind", "made"),
    [
        (3.5e8, "money", 35_000_000_000),
        (1234.56, "money", 123_456),
        ("19.995", "money", 2_000),
        (0.0, "money", 0),
        (None, "money", None),
        ("", "text", None),
        ("  x ", "text", "x"),
        (5.0, "number", 5),
        (5.5, "number", 5.5),
        (None, "boolean", False),
        ("true", "boolean", True),
        ("2026-03-31", "date", "2026-03-31"),
        ("2026-03-31T09:00:00.000+0000", "date", "2026-03-31"),
        ("2026-03-31T09:00:00.000+0200", "datetime", "2026-03-31T07:00:00Z"),
        ("https://www.acme.example/about", "domain", "acme.example"),
        ("acme.example", "domain", "acme.example"),
        ("deals.example/x", "url", "https://deals.example/x"),
        ("Europe/Berlin", "time_zone", "Europe/Berlin"),
    ],
)
def test_values_become_ours(value: Any, kind: MappedValueType, made: Any) -> None:
    assert converted(value, kind, LOCALE) == made
    assert converted(decode(KINDS.get(kind, "text"), value), kind, LOCALE) == made


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip)
instants = st.integers(-(10**12), 7 * 10**12).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
choices = texts.filter(lambda text: bool(text) and ";" not in text)
neutral: dict[Kind, st.SearchStrategy[Value]] = {
    "text": texts,
    "number": st.decimals(-(10**9), 10**9, places=4),
    "bool": st.booleans(),
    "date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    "instant": instants,
    "choices": st.lists(choices, min_size=1).map(tuple),
}


@given(st.sampled_from(list(neutral)).flatmap(lambda kind: st.tuples(st.just(kind), neutral[kind])))
def test_a_value_that_is_written_reads_back_as_itself(written: tuple[Kind, Value]) -> None:
    kind, value = written
    assert decode(kind, json.loads(to_json(encode(Field("f", "F", kind), value)))) == value


def test_a_choice_that_would_be_read_as_two_is_not_written() -> None:
    with pytest.raises(Unencodable, match="semicolon"):
        encode(Field("Products__c", "Products", "choices"), ("crm;ats", "forms"))


@pytest.mark.parametrize(
    ("value", "kind"),
    [("abc", "money"), (1e300, "money"), ("maybe", "boolean"), ("31.3.2026", "date"),
     ("2026-03-31T09:00:00", "datetime"), (float("nan"), "number")],
)  # fmt: skip
def test_values_that_cannot_become_ours_are_refused(value: Any, kind: MappedValueType) -> None:
    for given_value in (value, decode(KINDS.get(kind, "text"), value)):
        with pytest.raises(Unmappable):
            converted(given_value, kind, LOCALE)


@pytest.mark.parametrize(
    ("currency", "minor"), [("JPY", 1_235), ("USD", 123_456), ("KWD", 1_234_560)]
)
def test_minor_units_follow_the_currency(currency: str, minor: int) -> None:
    assert converted(1234.56, "money", Locale(currency, LOCALE.zone)) == minor
