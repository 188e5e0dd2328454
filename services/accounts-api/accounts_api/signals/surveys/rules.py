"""What a survey may ask."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.errors import Fault

SurveyKind = TypeAliasType(
    "SurveyKind",
    Annotated[
        Literal["nps", "csat", "ces", "custom"],
        Field(
            description="What a survey measures: whether they would recommend it (`nps`), how"
            " satisfied they are (`csat`), how easy it was (`ces`), or whatever it asks (`custom`),"
            " which has no score."
        ),
    ],
)
QuestionType = TypeAliasType(
    "QuestionType",
    Annotated[
        Literal["scale", "choice", "multi", "text", "number", "date"],
        Field(
            description="How a question is answered: by a whole number of a scale, by one of the"
            " options or several of them, by a text, a number, or a day."
        ),
    ],
)
SCALES: Final[Mapping[SurveyKind, tuple[int, int]]] = {
    "nps": (0, 10),
    "csat": (1, 5),
    "ces": (1, 7),
}
"""The ends of the scale by which a kind is scored."""
LONGEST_SCALE: Final = 11
_ASKED: Final[Mapping[SurveyKind, tuple[str, str, str]]] = {
    "nps": ("How likely are you to recommend us?", "Not at all likely", "Extremely likely"),
    "csat": ("How satisfied are you with us?", "Very dissatisfied", "Very satisfied"),
    "ces": ("We made it easy for you.", "Strongly disagree", "Strongly agree"),
}


@dataclass(frozen=True, slots=True)
class Fatigue:
    """How often a contact, and an account, may be asked; None is no limit."""

    same_survey_days: int | None
    any_survey_days: int | None
    account_days: int | None
    account_count: int | None


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    text: str
    type: QuestionType
    required: bool = False
    minimum: int | None = None
    """Of a scale or a number."""
    maximum: int | None = None
    low_label: str | None = None
    high_label: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    """Key and label, of a choice."""


def read_questions(stored: Iterable[Mapping[str, Any]]) -> list[Question]:
    """As `SurveyOut` shows them."""
    return [
        Question(
            **{
                **one,
                "options": tuple((each["key"], each["label"]) for each in one.get("options") or ()),
            }
        )
        for one in stored
    ]


def usual_questions(kind: SurveyKind) -> list[dict[str, Any]]:
    """A scale and what they want to say about it; of a custom survey there are none."""
    if kind not in SCALES:
        return []
    (low, high), (asked, low_label, high_label) = SCALES[kind], _ASKED[kind]
    scale = {
        "key": "score",
        "text": asked,
        "type": "scale",
        "required": True,
        "minimum": low,
        "maximum": high,
        "low_label": low_label,
        "high_label": high_label,
    }
    return [scale, {"key": "comment", "text": "What is the reason for this?", "type": "text"}]


def score_question(kind: SurveyKind, questions: Sequence[Question]) -> Question | None:
    """The first scale, of a kind that is scored."""
    scales = (one for one in questions if one.type == "scale")
    return next(scales, None) if kind in SCALES else None


def comment_question(questions: Sequence[Question]) -> Question | None:
    """The first text."""
    return next((one for one in questions if one.type == "text"), None)


def question_faults(kind: SurveyKind, questions: Sequence[Question]) -> list[Fault]:
    if not questions:
        return [Fault("/questions", "required", "Ask at least one question.")]
    faults = [fault for at, one in enumerate(questions) for fault in _faults_of(at, one)]
    faults += _repeated("/questions", [one.key for one in questions])
    scored = score_question(kind, questions)
    if kind not in SCALES:
        return faults
    low, high = SCALES[kind]
    if scored is None:
        message = f"A survey of the kind {kind} is scored by a scale from {low} to {high}: ask one."
        return [*faults, Fault("/questions", "no_score_question", message)]
    if (scored.minimum, scored.maximum) != (low, high) or not scored.required:
        at = questions.index(scored)
        message = (
            f"The first scale of a survey of the kind {kind} is its score: from {low} to {high},"
            " and required."
        )
        faults.append(Fault(f"/questions/{at}", "wrong_scale", message))
    return faults


def _faults_of(at: int, one: Question) -> Iterable[Fault]:
    place = f"/questions/{at}"
    if one.type in {"choice", "multi"}:
        if not one.options:
            yield Fault(f"{place}/options", "required", "A choice has at least one option.")
        yield from _repeated(f"{place}/options", [key for key, _ in one.options])
    elif one.options:
        yield Fault(f"{place}/options", "contradiction", "Only a choice has options.")
    if one.type in {"scale", "number"}:
        yield from _faults_of_ends(place, one)
    else:
        yield from _unwanted(place, one, ("minimum", "maximum"), "a scale or a number has ends")
    if one.type != "scale":
        yield from _unwanted(place, one, ("low_label", "high_label"), "a scale has labels")


def _faults_of_ends(place: str, one: Question) -> Iterable[Fault]:
    low, high = one.minimum, one.maximum
    if low is None or high is None:
        if one.type == "scale":
            yield Fault(place, "required", "A scale has a `minimum` and a `maximum`.")
    elif low >= high:
        yield Fault(f"{place}/maximum", "out_of_order", "It is above `minimum`.")
    elif one.type == "scale" and high - low >= LONGEST_SCALE:
        message = f"A scale has at most {LONGEST_SCALE} values."
        yield Fault(f"{place}/maximum", "too_many", message)


def _unwanted(place: str, one: Question, names: Iterable[str], only: str) -> Iterable[Fault]:
    return [
        Fault(f"{place}/{name}", "contradiction", f"Only {only}.")
        for name in names
        if getattr(one, name) is not None
    ]


def _repeated(place: str, keys: Sequence[str]) -> Iterable[Fault]:
    counted = Counter(keys)
    seen: set[str] = set()
    for at, key in enumerate(keys):
        if counted[key] > 1 and key in seen:
            yield Fault(f"{place}/{at}/key", "duplicate_key", f"{key!r} is there already.")
        seen.add(key)
