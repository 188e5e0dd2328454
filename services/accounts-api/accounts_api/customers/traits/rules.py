"""Whether a definition makes sense."""

import re
from collections.abc import Mapping
from typing import Any, Final

import re2

from shared.errors import Fault
from shared.traits.definitions import Definition, readable_options
from shared.traits.values import InvalidTraitValue, coerce, compiled

_CHOSEN: Final = frozenset({"select", "multi_select"})
_SIZED: Final = frozenset({"string", "text", "number", "currency"})
_WRITTEN: Final = frozenset({"string", "text", "url", "email"})
_LOOKED_UP: Final = frozenset({"member", "contact"})
_BEYOND_RE2: Final = re.compile(
    r"\(\?(?:=|!|<=|<!|>|R|\d|\()|(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)|[*+?}]\+"
)


OF_TASKS: Final = frozenset({"task", "note"})
"""Record types whose traits are defined here and whose records the tasks service keeps."""
_NOT_OF_TASKS: Final = frozenset({"formula", "contact"})


def definition_of(fields: Mapping[str, Any]) -> Definition:
    return Definition(
        key=fields["key"],
        type=fields["type"],
        options=tuple(readable_options(fields.get("options"))),
        depends_on=fields.get("depends_on"),
        currency=fields.get("currency"),
        required=fields.get("required", False),
        minimum=fields.get("minimum"),
        maximum=fields.get("maximum"),
        pattern=fields.get("pattern"),
        default=fields.get("default"),
        editable_by=fields.get("editable_by", "everyone"),
        deprecated=fields.get("deprecated", False),
        id=str(fields.get("id", "")),
        formula=fields.get("formula"),
        result_type=fields.get("result_type"),
    )


def faults(definition: Definition, siblings: Mapping[str, Definition]) -> list[Fault]:
    """Everything wrong with a definition beside the record type's others. What a formula says is
    checked elsewhere.
    """
    if definition.type == "formula":
        return [*_formula_faults(definition), *_currency_faults(definition)]
    return [
        *[
            Fault(f"/{name}", "not_applicable", "Only a formula has one.")
            for name in ("formula", "result_type")
            if getattr(definition, name) is not None
        ],
        *_option_faults(definition),
        *_dependency_faults(definition, siblings),
        *_limit_faults(definition),
        *_default_faults(definition),
    ]


def faults_of_tasks(record_type: str, definition: Definition) -> list[Fault]:
    if record_type not in OF_TASKS or definition.type not in _NOT_OF_TASKS:
        return []
    message = f"{record_type.capitalize()}s have no traits of type {definition.type}."
    return [Fault("/type", "not_applicable", message)]


def _formula_faults(definition: Definition) -> list[Fault]:
    needed = [name for name in ("formula", "result_type") if getattr(definition, name) is None]
    others = ("options", "depends_on", "minimum", "maximum", "pattern", "default")
    given = [name for name in others if getattr(definition, name) not in (None, ())]
    return [
        *[Fault(f"/{name}", "required", "A formula trait needs it.") for name in needed],
        *[Fault(f"/{name}", "not_applicable", "Not for a formula.") for name in given],
    ]


def _option_faults(definition: Definition) -> list[Fault]:
    values = [option.value for option in definition.options]
    if definition.type in _CHOSEN and not values:
        return [Fault("/options", "required", f"A {definition.type} needs options.")]
    if definition.type not in _CHOSEN and values:
        return [Fault("/options", "not_applicable", f"A {definition.type} has no options.")]
    return [
        Fault(f"/options/{place}/value", "taken", f"{value!r} stands there twice.")
        for place, value in enumerate(values)
        if value in values[:place]
    ]


def _dependency_faults(definition: Definition, siblings: Mapping[str, Definition]) -> list[Fault]:
    if definition.depends_on is None:
        return [
            Fault(f"/options/{place}/when", "not_applicable", "Say `depends_on` first.")
            for place, option in enumerate(definition.options)
            if option.when is not None
        ]
    parent = siblings.get(definition.depends_on)
    if definition.type not in _CHOSEN or parent is None or parent.type != "select":
        return [Fault("/depends_on", "unknown_trait", "Names another select of this record type.")]
    if _depends(parent, definition.key, siblings):
        return [Fault("/depends_on", "cycle", "The other one depends on this one.")]
    return [
        Fault(f"/options/{place}/when", "unknown_option", f"{value!r} is no option of the other.")
        for place, option in enumerate(definition.options)
        for value in option.when or ()
        if value not in parent.allowed
    ]


def dependent_faults(definition: Definition, siblings: Mapping[str, Definition]) -> list[Fault]:
    """What picklists that depend on this one would lack."""
    found = []
    for other in siblings.values():
        if other.depends_on != definition.key or not _dependency_faults(other, siblings):
            continue
        pointer = "/options" if definition.type == "select" else "/type"
        found.append(Fault(pointer, "in_use", f"{other.key} depends on what it is now."))
    return found


def _depends(on: Definition, key: str, siblings: Mapping[str, Definition]) -> bool:
    seen: Definition | None = on
    for _ in range(len(siblings) + 1):
        if seen is None:
            return False
        if seen.key == key:
            return True
        seen = siblings.get(seen.depends_on or "")
    return True


def _limit_faults(definition: Definition) -> list[Fault]:
    found = _currency_faults(definition)
    low, high = definition.minimum, definition.maximum
    for name, value in (("minimum", low), ("maximum", high)):
        if value is not None and definition.type not in _SIZED:
            found.append(Fault(f"/{name}", "not_applicable", f"Not for a {definition.type}."))
    if low is not None and high is not None and low > high:
        found.append(Fault("/maximum", "range", "Below the minimum."))
    if definition.pattern is not None:
        found += _pattern_faults(definition)
    return found


def _currency_faults(definition: Definition) -> list[Fault]:
    has_one = definition.value_type == "currency"
    if has_one and definition.currency is None:
        return [Fault("/currency", "required", "Say which currency, such as USD.")]
    if not has_one and definition.currency is not None:
        return [Fault("/currency", "not_applicable", "Only a currency has one.")]
    return []


def _pattern_faults(definition: Definition) -> list[Fault]:
    if definition.type not in _WRITTEN:
        return [Fault("/pattern", "not_applicable", f"Not for a {definition.type}.")]
    try:
        compiled(definition.pattern or "")
    except re2.error:
        return [Fault("/pattern", "bad_pattern", _bad_pattern(definition.pattern or ""))]
    return []


def _bad_pattern(pattern: str) -> str:
    if _BEYOND_RE2.search(pattern):
        return (
            "RE2 has no look-around, back-references, atomic groups or possessive repeats: write it"
            " without."
        )
    return (
        "It is no pattern of RE2: look whether every bracket is closed, every `*`, `+` and `?` has"
        " something before it, a `\\` stands before what is meant as itself, and nothing repeats"
        " more than a thousand times."
    )


def _default_faults(definition: Definition) -> list[Fault]:
    if definition.default is None:
        return []
    if definition.type in _LOOKED_UP or definition.depends_on:
        return [Fault("/default", "not_applicable", "This type of trait has no default.")]
    try:
        coerce(definition, definition.default)
    except InvalidTraitValue as error:
        return [Fault("/default", "invalid_value", str(error))]
    except re2.error:
        return []  # its fault is told at the pattern
    return []
