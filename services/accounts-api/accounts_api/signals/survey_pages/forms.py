"""What a form says, as answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from accounts_api.signals.surveys.rules import Question

VERSION_FIELD: Final = "question_version"
_MOST_FIELDS: Final = 2_000


def field_of(question: Question) -> str:
    return f"q.{question.key}"


def read_form(body: bytes) -> dict[str, list[str]]:
    """Fields of an urlencoded body, with all their values. Empty for what is none."""
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def version_of(form: Mapping[str, Sequence[str]], otherwise: int) -> int:
    """Which questions were shown."""
    said = form.get(VERSION_FIELD, [""])[0]
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= 9 else otherwise  # noqa: PLR2004


def answers_of(questions: Sequence[Question], form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """By question; what cannot be read stays a text, which is then no answer to it."""
    answers: dict[str, Any] = {}
    for question in questions:
        values = form.get(field_of(question))
        if values:
            answers[question.key] = _answer(question, values)
    return answers


def preselected(question: Question | None, score: str | None) -> dict[str, Any]:
    """What a link says of the score, if it is one."""
    if question is None or not score:
        return {}
    given = _whole(score)
    if not isinstance(given, int) or question.minimum is None or question.maximum is None:
        return {}
    return {question.key: given} if question.minimum <= given <= question.maximum else {}


def _answer(question: Question, values: Sequence[str]) -> Any:
    match question.type:
        case "multi":
            return list(dict.fromkeys(values))
        case "scale":
            return _whole(values[0])
        case "number":
            return _number(values[0].strip())
        case "text":
            return values[0].replace("\r\n", "\n").strip()
        case _:
            return values[0]


def _whole(text: str) -> int | str:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else text  # noqa: PLR2004


def _number(text: str) -> float | str:
    whole = _whole(text)
    if isinstance(whole, int):
        return whole
    try:
        return float(text)
    except ValueError:
        return text
