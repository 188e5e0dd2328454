"""Liquid templates of mails: what they may say, what is wrong with them, what they become.

Templates are written by customers, so nothing they can say may cost much: loops, output and memory
are bounded, and filters whose result can be many times their input are left out. A variable without
a value stops the mail: nobody gets "Dear ,".
"""

import difflib
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment, Mode
from liquid.exceptions import (
    FilterArgumentError,
    FilterError,
    FilterItemTypeError,
    FilterValueError,
    LiquidError,
    ResourceLimitError,
    UndefinedError,
)
from liquid.undefined import FalsyStrictUndefined, is_undefined

TRAITS = "traits"
_TRAIT_PARTS = 3
"""Of `account.traits.tier`."""
CATALOG: Mapping[str, frozenset[str]] = {
    "contact": frozenset({"name", "first_name", "last_name", "email", "title", TRAITS}),
    "account": frozenset({"name", "domain", "country", "arr", "currency", TRAITS}),
    "opportunity": frozenset(
        {
            "name",
            "type",
            "stage",
            "arr",
            "currency",
            "deal_room_url",
            "contract_expiration",
            TRAITS,
        }
    ),
    "sender": frozenset({"name", "first_name", "email"}),
    "workspace": frozenset({"name"}),
    "unsubscribe_url": frozenset(),
}
"""Every variable there is. `traits` go one level deeper, by key."""

_TAGS = frozenset(
    {
        "#", "assign", "break", "capture", "case", "comment", "content", "continue",
        "echo", "for", "if", "illegal", "liquid", "output", "unless",
    }
)  # fmt: skip
_FILTERS = frozenset(
    {
        "abs", "append", "at_least", "at_most", "capitalize", "ceil", "date", "default",
        "divided_by", "downcase", "escape", "escape_once", "first", "floor", "last",
        "lstrip", "minus", "modulo", "newline_to_br", "plus", "prepend", "remove",
        "round", "rstrip", "size", "slice", "squish", "strip", "strip_newlines",
        "times", "truncate", "truncatewords", "upcase", "url_encode",
    }
)  # fmt: skip
_OF_FILTERS = (FilterError, FilterArgumentError, FilterItemTypeError, FilterValueError)
_TOO_MUCH = "It loops, nests or writes more than a mail may: make it shorter."
_CLOCK_WORDS = {"now", "today"}


@dataclass(frozen=True, slots=True)
class TemplateFault:
    code: str
    message: str
    line: int
    column: int


class CannotRender(Exception):
    """The template cannot become a mail for this record; says why."""


class _NoClock(LiquidError):
    """A filter was asked for the present time."""


class _Environment(Environment):
    # Liquid's limits are off unless set.
    loop_iteration_limit = 1_000
    output_stream_limit = 256 * 1024
    local_namespace_limit = 64 * 1024
    context_depth_limit = 20
    block_nesting_limit = 20


def _environment(*, html: bool) -> Environment:
    made = _Environment(
        autoescape=html,
        undefined=FalsyStrictUndefined,
        strict_filters=True,
        tolerance=Mode.STRICT,
    )
    made.tags = {name: tag for name, tag in made.tags.items() if name in _TAGS}
    made.filters = {name: _strict(name, made.filters[name]) for name in _FILTERS}
    return made


def _strict(name: str, standard: Any) -> Any:
    """Standard filters make nothing, or zero, of a missing value; and `date` reads the machine's
    clock when asked for "now".
    """

    @functools.wraps(standard)  # the environment looks for marks on the function
    def strict(value: Any, *arguments: Any, **options: Any) -> Any:
        if name != "default" and is_undefined(value):
            raise UndefinedError(value.msg, token=value.token)
        if name == "date" and value in _CLOCK_WORDS:
            raise _NoClock("the time of sending", token=None)
        return standard(value, *arguments, **options)

    return strict


_TEXT = _environment(html=False)
_HTML = _environment(html=True)


@lru_cache(maxsize=1024)
def _parsed(source: str, *, html: bool) -> BoundTemplate:
    return (_HTML if html else _TEXT).from_string(source)


def faults_of(
    source: str, *, html: bool = False, missing: Collection[str] = ()
) -> list[TemplateFault]:
    """Everything that can be known to be wrong before there is a record. `missing` are traits, such
    as `account.traits.tier`, that there are not.
    """
    try:
        template = _parsed(source, html=html)
        analysis = template.analyze(include_partials=False)
    except (LiquidError, ValueError, RecursionError) as error:
        return [_syntax_fault(source, error)]
    faults = [
        TemplateFault(*fault, *_place(source, variable.span.index))
        for variables in analysis.globals.values()
        for variable in variables
        if (fault := _unknown(variable.segments, missing)) is not None
    ]
    known = (_HTML if html else _TEXT).filters
    for name, spans in analysis.filters.items():
        if name not in known:
            hint = _suggestion(name, known)
            faults += [
                TemplateFault(
                    "unknown_filter",
                    f"There is no filter {name!r}.{hint}",
                    *_place(source, s.index),
                )
                for s in spans
            ]
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def variables_of(source: str, *, html: bool = False) -> frozenset[str]:
    """The variables that a template names, such as `account.traits.tier`; none of a faulty one."""
    try:
        analysis = _parsed(source, html=html).analyze(include_partials=False)
    except (LiquidError, ValueError, RecursionError):
        return frozenset()
    return frozenset(
        ".".join(str(part) for part in variable.segments)
        for variables in analysis.globals.values()
        for variable in variables
    )


def render(source: str, variables: Mapping[str, Any], *, html: bool = False) -> str:
    """Raises `CannotRender`."""
    try:
        return _parsed(source, html=html).render(**variables)
    except UndefinedError as error:
        name = str(error.message).removesuffix(" is undefined")
        raise CannotRender(f"{name} has no value for this record.") from error
    except (LiquidError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
        raise CannotRender(_why_not(error)) from error


def render_line(source: str, variables: Mapping[str, Any]) -> str:
    """For a header: one line, whatever the values hold."""
    return " ".join(render(source, variables).split())


@lru_cache(maxsize=1024)
def traits_in(source: str, *, html: bool = False) -> frozenset[str]:
    """The traits that a template names, such as `account.traits.tier`."""
    return frozenset(
        ".".join(parts[:_TRAIT_PARTS])
        for parts in (name.split(".") for name in variables_of(source, html=html))
        if len(parts) >= _TRAIT_PARTS and parts[1] == TRAITS and TRAITS in CATALOG.get(parts[0], ())
    )


def _unknown(segments: list[Any], missing: Collection[str]) -> tuple[str, str] | None:
    """Code and message of what is wrong with a variable."""
    name = ".".join(str(part) for part in segments)
    if len(segments) >= _TRAIT_PARTS and ".".join(name.split(".")[:_TRAIT_PARTS]) in missing:
        message = f"There is no trait {name!r}. Make it at /v1/traits, or name another."
        return "unknown_trait", message
    no_variable = _no_variable(segments, name)
    return None if no_variable is None else ("unknown_variable", no_variable)


def _no_variable(segments: list[Any], name: str) -> str | None:
    root = segments[0]
    if any(not isinstance(part, str) for part in segments):
        return "A variable is named by constant words, such as `contact.first_name`."
    if root not in CATALOG:
        return f"There is no variable {name!r}.{_suggestion(name, _all_names())}"
    fields = CATALOG[root]
    if not fields:
        return None if len(segments) == 1 else f"{root!r} has no parts."
    if len(segments) == 1:
        return f"{root!r} is a record: name one of its fields, such as `{root}.name`."
    if segments[1] not in fields:
        return f"There is no variable {name!r}.{_suggestion(name, _all_names())}"
    if segments[1] == TRAITS:
        return None if len(segments) > 2 else "Name the trait: `traits.<key>`."  # noqa: PLR2004
    return None if len(segments) == 2 else f"{name!r} has no parts."  # noqa: PLR2004


def _all_names() -> list[str]:
    return [
        f"{root}.{field}" if field else root
        for root, fields in CATALOG.items()
        for field in (fields or {""})
        if field != TRAITS
    ]


def _suggestion(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _syntax_fault(source: str, error: Exception) -> TemplateFault:
    context = error.context() if isinstance(error, LiquidError) else None
    line, column = (context[0], context[1] + 1) if context else (len(source.splitlines()) or 1, 1)
    return TemplateFault("template_syntax", _misread(error), line, column)


def _misread(error: Exception) -> str:
    """In our words, because the library's name its own parts."""
    if isinstance(error, ResourceLimitError | RecursionError):
        return _TOO_MUCH
    token = error.token if isinstance(error, LiquidError) else None
    if token is None or token.kind != "tag" or token.value in _TAGS:
        return (
            "It cannot be read here: look at `{{ }}`, `{% %}`, quotation marks, and that each tag"
            " has what it needs and its end, such as `{% if … %}` and `{% endif %}`."
        )
    if token.value.startswith(("end", "els", "when")):
        return f"`{token.value}` stands here without what it belongs to."
    return f"There is no tag {token.value!r} here.{_suggestion(token.value, _TAGS)}"


def _why_not(error: Exception) -> str:
    """Why a template that can be read makes no mail of a record."""
    if isinstance(error, _NoClock):
        return "A template does not know the time of sending: `now` and `today` have no date."
    if isinstance(error, ResourceLimitError | RecursionError | MemoryError):
        return _TOO_MUCH
    token = error.token if isinstance(error, LiquidError) else None
    if isinstance(error, _OF_FILTERS) and token is not None:
        return f"The filter `{token.value}` cannot work with what it is given here."
    return "The template cannot work with what this record holds: look at its filters and numbers."


def _place(source: str, index: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
