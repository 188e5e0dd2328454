"""What is wrong with a body is said in our words, whatever it is."""

from datetime import date
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, from_json
from pydantic_core.core_schema import ErrorType

from shared.schemas import Email, In, Instant, Title
from shared.values.validation_messages import json_fault, message_of


class Leaf(In):
    kind: Literal["leaf"]
    size: int = Field(ge=1, le=9)


class Branch(In):
    kind: Literal["branch"]
    leaves: list[Leaf] = Field(min_length=1, max_length=2)


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        (int, "x", "An integer such as 12."),
        (int, 1.5, "An integer such as 12."),
        (float, [], "A number such as 12.5."),
        (bool, "perhaps", "true or false, without quotation marks."),
        (date, "31.1.2026", 'A date such as "2026-01-31".'),
        (UUID, "x", 'An id such as "0198c0de-0300-7a3b-8c4d-5e6f708192a3".'),
        (Title, 5, "Text, in quotation marks."),
        (Title, "x" * 201, "A text of no more than 200 characters."),
        (Title, " ", "A text of 1 or more characters."),
        (Literal["a", "b"], "c", "One of 'a' or 'b'."),
        (Leaf, [], "An object, in braces."),
        (Leaf, {"kind": "leaf", "size": 0}, "At least 1."),
        (Leaf, {"kind": "leaf"}, "This is required."),
        (Branch, {"kind": "branch", "leaves": []}, "1 or more of them; here are 0."),
        (
            Annotated[Leaf | Branch, Field(discriminator="kind")],
            {"kind": "root"},
            "'kind' is one of 'leaf', 'branch'.",
        ),
    ],
)
def test_a_wrong_value_is_told_in_our_words(shape: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(shape).validate_python(value)
    assert message_of(dict(wrong.value.errors()[0])) == message


def test_no_kind_of_error_speaks_in_the_librarys_words() -> None:
    class Anything(dict[str, Any]):
        def __missing__(self, name: str) -> str:
            return name

    for kind in set(get_args(ErrorType)) - {"value_error", "assertion_error"}:
        told = message_of({"type": kind, "msg": "Input should be", "ctx": Anything()})
        assert told.endswith(".")
        assert "Input" not in told


@pytest.mark.parametrize(("shape", "value"), [(Email, "nobody"), (Instant, "1800-01-01T00:00:00Z")])
def test_our_own_sentences_stay_as_they_are(shape: Any, value: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(shape).validate_python(value)
    told = message_of(dict(wrong.value.errors()[0]))
    assert told
    assert not told.startswith("Value error")


def test_a_sentence_that_a_validator_of_ours_made_is_passed_on() -> None:
    error = PydanticCustomError("invalid_thing", "{advice}", {"advice": "Say it, plainly."})
    assert message_of({"type": error.type, "msg": error.message()}) == "Say it, plainly."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"a": 1,}', "It is not JSON in UTF-8. Look at line 1, column 9."),
        (b'{\n"a" 1}', "It is not JSON in UTF-8. Look at line 2, column 5."),
        (b'"\xff"', "It is not JSON in UTF-8. Look at line 1, column 2."),
        (b"", "It is not JSON in UTF-8. Look at line 1, column 0."),
    ],
)
def test_a_body_that_is_no_json_is_told_where(body: bytes, told: str) -> None:
    with pytest.raises(ValueError, match="line") as wrong:
        from_json(body)
    assert json_fault(wrong.value) == told
