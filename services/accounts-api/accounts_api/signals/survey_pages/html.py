"""The pages as HTML: no script, nothing from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from accounts_api.signals.survey_pages.forms import VERSION_FIELD, field_of
from accounts_api.signals.survey_responses.rules import LONGEST_ANSWER
from accounts_api.signals.surveys.rules import Question
from shared.errors import Fault

_STYLE: Final = """
:root{color-scheme:light dark;--text:#1b1f24;--page:#fff;--line:#6b7280;--chosen:#0b5cad;
--fault:#b3261e}
@media(prefers-color-scheme:dark){:root{--text:#f2f4f7;--page:#14171a;--line:#9aa3af;
--chosen:#8ec5ff;--fault:#ffb4ab}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:1.0625rem/1.5 system-ui,sans-serif}
main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}
fieldset,.question{border:0;margin:1.75rem 0;padding:0;min-width:0}
legend,.question>label{display:block;font-weight:600;padding:0;margin-bottom:.5rem}
.hint,.ends{font-weight:400;margin:.25rem 0}
.ends{display:flex;justify-content:space-between;gap:1rem;font-size:.9375rem}
.scale{display:flex;flex-wrap:wrap;gap:.375rem}
.scale label{flex:1 0 2.75rem;text-align:center;padding:.5rem 0;border:1px solid var(--line);
border-radius:.375rem;min-height:2.75rem;cursor:pointer}
.scale input{display:block;margin:0 auto .25rem;width:1.25rem;height:1.25rem}
.scale label:has(:checked){border-color:var(--chosen);outline:1px solid var(--chosen)}
.options label{display:flex;gap:.625rem;align-items:center;min-height:2.75rem;cursor:pointer}
.options input{width:1.25rem;height:1.25rem;flex:none}
textarea,input[type=number],input[type=date]{width:100%;font:inherit;color:inherit;padding:.5rem;
background:var(--page);border:1px solid var(--line);border-radius:.375rem}
textarea{min-height:7rem}
button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:2px solid var(--chosen);
border-radius:.375rem;background:var(--chosen);color:var(--page);cursor:pointer;min-height:2.75rem}
:focus-visible{outline:3px solid var(--chosen);outline-offset:2px}
.fault{color:var(--fault);font-weight:600;margin:.25rem 0}
.faults{border:2px solid var(--fault);border-radius:.375rem;padding:.75rem 1rem;margin:1rem 0}
a{color:var(--chosen)}
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
{content}
</main>
</body>
</html>
"""


def message_page(heading: str, text: str, more: str = "") -> str:
    """`more` is HTML."""
    return _page(heading, f"<p>{escape(text)}</p>\n{more}")


def thanks_page(by: str) -> str:
    change = '<p><a href="?">Change your answer</a></p>'
    return message_page("Thank you", f"Your answer has reached {by}.", change)


def form_page(
    title: str,
    description: str | None,
    by: str,
    questions: Sequence[Question],
    question_version: int,
    answers: Mapping[str, Any],
    faults: Sequence[Fault] = (),
) -> str:
    """`faults` are those of the answers, at `/<key>`."""
    wrong = {fault.pointer.removeprefix("/"): fault.message for fault in faults}
    about = f"<p>{escape(description)}</p>\n" if description else ""
    parts = [
        f'{about}<p class="hint">{escape(by)} asks. A star (*) marks what must be answered.</p>',
        _summary(questions, wrong),
        '<form method="post">',
        f'<input type="hidden" name="{VERSION_FIELD}" value="{question_version}">',
        *(_question(one, answers.get(one.key), wrong.get(one.key)) for one in questions),
        '<button type="submit">Send</button>',
        "</form>",
    ]
    heading = f"{'Please look again: ' if wrong else ''}{title}"
    return _page(title, "\n".join(part for part in parts if part), heading)


def _page(heading: str, content: str, title: str | None = None) -> str:
    shown = escape(heading)
    named = escape(title or heading)
    return _PAGE.format(title=named, style=_STYLE, heading=shown, content=content)


def _summary(questions: Iterable[Question], wrong: Mapping[str, str]) -> str:
    if not wrong:
        return ""
    items = "".join(
        f'<li><a href="#{_id(one)}">{escape(one.text)}</a>: {escape(wrong[one.key])}</li>'
        for one in questions
        if one.key in wrong
    )
    return f'<div class="faults" role="alert"><p>Nothing was sent yet.</p><ul>{items}</ul></div>'


def _question(one: Question, answer: Any, wrong: str | None) -> str:
    name, star = escape(one.text), " *" if one.required else ""
    fault = f'<p class="fault" id="{_id(one)}-fault">{escape(wrong)}</p>' if wrong else ""
    described = f' aria-describedby="{_id(one)}-fault" aria-invalid="true"' if wrong else ""
    if one.type in {"scale", "choice", "multi"}:
        choices = _scale(one, answer) if one.type == "scale" else _options(one, answer)
        about = f' aria-describedby="{_id(one)}-fault"' if wrong else ""
        return (
            f'<fieldset id="{_id(one)}"{about}><legend>{name}{star}</legend>{fault}'
            f"{choices}</fieldset>"
        )
    return (
        f'<div class="question"><label for="{_id(one)}">{name}{star}</label>{fault}'
        f"{_field(one, answer, described)}</div>"
    )


def _scale(one: Question, answer: Any) -> str:
    values = range(one.minimum or 0, (one.maximum or 0) + 1)
    choices = "".join(
        f"<label>{_input(one, 'radio', str(value), checked=answer == value)}{value}</label>"
        for value in values
    )
    low, high = one.low_label, one.high_label
    ends = ""
    if low or high:
        ends = (
            f'<div class="ends"><span>{values[0]}: {escape(low or "")}</span>'
            f"<span>{values[-1]}: {escape(high or '')}</span></div>"
        )
    return f'<div class="scale">{choices}</div>{ends}'


def _options(one: Question, answer: Any) -> str:
    kind = "radio" if one.type == "choice" else "checkbox"
    chosen = answer if isinstance(answer, list) else [answer]
    choices = "".join(
        f"<label>{_input(one, kind, key, checked=key in chosen)}"
        f"<span>{escape(label)}</span></label>"
        for key, label in one.options
    )
    hint = '<p class="hint">Choose as many as you like.</p>' if one.type == "multi" else ""
    return f'{hint}<div class="options">{choices}</div>'


def _input(one: Question, kind: str, value: str, *, checked: bool) -> str:
    required = " required" if one.required and kind == "radio" else ""
    marked = " checked" if checked else ""
    return (
        f'<input type="{kind}" name="{escape(field_of(one))}" value="{escape(value)}"'
        f"{required}{marked}>"
    )


def _field(one: Question, answer: Any, described: str) -> str:
    said = "" if answer is None else escape(str(answer))
    required = " required" if one.required else ""
    common = f'id="{_id(one)}" name="{escape(field_of(one))}"{required}{described}'
    if one.type == "text":
        return f'<textarea {common} maxlength="{LONGEST_ANSWER}">\n{said}</textarea>'
    if one.type == "date":
        return f'<input type="date" {common} value="{said}">'
    ends = "".join(
        f' {name}="{end}"'
        for name, end in (("min", one.minimum), ("max", one.maximum))
        if end is not None
    )
    return f'<input type="number" step="any" {common}{ends} value="{said}">'


def _id(one: Question) -> str:
    """Keys of questions are words of ASCII."""
    return f"q-{one.key}"
