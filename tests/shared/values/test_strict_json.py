import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import AppError, BadRequest, Invalid
from shared.values.strict_json import parse

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=20,
)

NOT_JSON = [
    b"{",
    b"nonsense",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": "\\ud800"}',
    b'{"a": 1, "a": 2}',
    '{"a": 1}'.encode("utf-16"),
    b'{"a": "\xff"}',
    b"[" * 900 + b"]" * 900,
]
NOT_STORABLE = [
    b'{"a": "x\\u0000y"}',
    b'{"a": 1234567890123456789012345678901}',
    json.dumps(
        {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
    ).encode(),
]


@given(PLAIN)
def test_ordinary_json_is_read_as_it_was_written(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse(body)


@pytest.mark.parametrize("body", NOT_STORABLE, ids=range(len(NOT_STORABLE)))
def test_what_cannot_be_stored_is_refused_with_a_pointer(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parse(body)
    assert refused.value.faults[0].pointer.startswith("/a")


def test_a_number_too_large_for_a_double_is_refused() -> None:
    with pytest.raises(AppError):
        parse(b'{"a": 1e999}')


@pytest.mark.parametrize("size", [100, 65_600, 3_000_000])
def test_one_key_twice_is_refused_whatever_the_size_of_the_body(size: int) -> None:
    rows = '{"name": "x"}, ' * (size // 15)
    with pytest.raises(BadRequest, match="'name' stands twice"):
        parse(f'{{"rows": [{rows} {{"name": "a", "n\\u0061me": "b"}}]}}'.encode())
