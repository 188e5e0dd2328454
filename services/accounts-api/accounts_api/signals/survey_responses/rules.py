"""What an answer may be, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from accounts_api.signals.surveys.rules import (
    Question,
    SurveyKind,
    comment_question,
    score_question,
)
from shared.errors import Fault

EDITABLE_FOR: Final = timedelta(days=30)
"""By its link, from the first answer."""
LONGEST_ANSWER: Final = 5_000
_LARGEST: Final = 10**15


@dataclass(frozen=True, slots=True)
class Said:
    """Answers that fit their questions, with what they come to."""

    answers: Mapping[str, Any]
    score: int | None
    comment: str | None


def said(kind: SurveyKind, questions: Sequence[Question], answers: Mapping[str, Any]) -> Said:
    """Of answers without faults; what was left empty is left out."""
    given = {key: value for key, value in answers.items() if not _is_empty(value)}
    scored, text = score_question(kind, questions), comment_question(questions)
    return Said(
        given,
        given.get(scored.key) if scored is not None else None,
        given.get(text.key) if text is not None else None,
    )


def without_text(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """What stays when the person is forgotten."""
    texts = {one.key for one in questions if one.type == "text"}
    return {key: value for key, value in answers.items() if key not in texts}


def is_editable(responded_at: datetime, now: datetime) -> bool:
    return now < responded_at + EDITABLE_FOR


def answer_faults(
    questions: Sequence[Question], answers: Mapping[str, Any], pointer: str = "/answers"
) -> list[Fault]:
    known = {one.key: one for one in questions}
    faults = []
    for key, value in answers.items():
        place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        question = known.get(key)
        if question is None:
            message = "The survey has no question with this key."
            faults.append(Fault(place, "unknown_question", message))
        elif not _is_empty(value) and (wrong := _FAULT_OF[question.type](question, value)):
            faults.append(Fault(place, *wrong))
    missing = [one.key for one in questions if one.required and _is_empty(answers.get(one.key))]
    return [*faults, *(Fault(f"{pointer}/{key}", "required", "Answer it.") for key in missing)]


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _of_scale(question: Question, value: Any) -> tuple[str, str] | None:
    if not _is_whole(value):
        return "wrong_type", "Answer with a whole number."
    return _range_fault(question, value)


def _of_number(question: Question, value: Any) -> tuple[str, str] | None:
    if not (_is_whole(value) or isinstance(value, float)):
        return "wrong_type", "Answer with a number."
    return _range_fault(question, value)


def _range_fault(question: Question, value: float) -> tuple[str, str] | None:
    least = -_LARGEST if question.minimum is None else question.minimum
    most = _LARGEST if question.maximum is None else question.maximum
    if least <= value <= most:
        return None
    return "out_of_range", f"Answer with a number from {least} to {most}."


def _of_choice(question: Question, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "wrong_type", "Answer with the key of an option."
    return _option_fault(question, [value])


def _of_multi(question: Question, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return "wrong_type", "Answer with a list of keys of options."
    if len(set(value)) < len(value):
        return "duplicate_key", "Name each option once."
    return _option_fault(question, value)


def _option_fault(question: Question, keys: Sequence[str]) -> tuple[str, str] | None:
    options = [key for key, _ in question.options]
    if all(key in options for key in keys):
        return None
    return "unknown_option", f"The options are {', '.join(options)}."


def _of_text(_: Question, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "wrong_type", "Answer with a text."
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return "wrong_type", "A text holds no NUL and no half of a letter."
    if len(value) > LONGEST_ANSWER:
        return "too_long", f"Answer with at most {LONGEST_ANSWER} characters."
    return None


def _of_date(_: Question, value: Any) -> tuple[str, str] | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        return "wrong_type", "Answer with a day such as 2026-03-02."
    return None


_FAULT_OF: Final = {
    "scale": _of_scale,
    "choice": _of_choice,
    "multi": _of_multi,
    "text": _of_text,
    "number": _of_number,
    "date": _of_date,
}
