"""Checks query parameters: only those that the operation has, each once, each well formed.

FastAPI leaves an unknown parameter unread, takes the last of two, and reads `1_000`, `+5` and `yes`
as Python would. A misspelt filter would then answer with everything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args

from fastapi.dependencies.models import Dependant
from pydantic import AwareDatetime, BaseModel
from starlette.datastructures import QueryParams
from typing_extensions import TypeAliasType

from shared.errors import Fault, Invalid
from shared.spelling import nearest
from shared.values.json_types import DAY_TEXT, INSTANT_TEXT


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are written."""

    pattern: re.Pattern[str]
    code: str
    message: str


_INSTANT = Form(
    INSTANT_TEXT,
    "datetime_parsing",
    "Use an instant with its offset, such as 2026-11-02T09:00:00Z.",
)
_FORMS: Mapping[Any, Form] = {
    int: Form(re.compile(r"-?[0-9]{1,19}"), "int_parsing", "Use a whole number such as 50."),
    float: Form(
        re.compile(r"-?[0-9]{1,19}(\.[0-9]+)?"), "float_parsing", "Use a number such as 2.5."
    ),
    bool: Form(re.compile("true|false"), "bool_parsing", "Use true or false."),
    date: Form(DAY_TEXT, "date_parsing", "Use a date such as 2026-11-02."),
    datetime: _INSTANT,
    AwareDatetime: _INSTANT,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    form: Form | None
    many: bool

    def faults(self, values: Sequence[str]) -> Iterator[Fault]:
        pointer = _pointer(self.name)
        if len(values) > 1 and not self.many:
            yield Fault(pointer, "repeated_parameter", "Say this once.")
        elif self.form and not all(self.form.pattern.fullmatch(value) for value in values):
            yield Fault(pointer, self.form.code, self.form.message)


class Parameters:
    """Those of the query string that one operation has."""

    def __init__(self, dependant: Dependant) -> None:
        self._known = {parameter.name: parameter for parameter in _declared(dependant)}

    def check(self, query: QueryParams) -> None:
        """Raises `Invalid` with every fault."""
        names = dict.fromkeys(query)
        faults = [fault for name in names for fault in self._faults(name, query.getlist(name))]
        if faults:
            raise Invalid("The address cannot be read as it stands.", faults=faults)

    def _faults(self, name: str, values: Sequence[str]) -> Iterable[Fault]:
        known = self._known.get(name)
        return [self._unknown(name)] if known is None else known.faults(values)

    def _unknown(self, name: str) -> Fault:
        suggestion = nearest(name, self._known)
        if suggestion is not None:
            advice = f"Did you mean `{suggestion}`?"
        elif self._known:
            advice = f"It takes {', '.join(f'`{known}`' for known in self._known)}."
        else:
            advice = "It takes none."
        message = f"This operation has no parameter of this name. {advice}"
        extra = None if suggestion is None else {"suggestion": suggestion}
        return Fault(_pointer(name), "unknown_parameter", message, extra)


def _pointer(name: str) -> str:
    return f"/query/{name[:100].replace('~', '~0').replace('/', '~1')}"


def _declared(dependant: Dependant) -> Iterator[Parameter]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, info in annotation.model_fields.items():
                yield _parameter(info.alias or name, info.annotation)
        else:
            yield _parameter(field.alias, annotation)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _parameter(name: str, annotation: Any) -> Parameter:
    parts = list(_parts(annotation))
    form = next((_FORMS[part] for part in parts if part in _FORMS), None)
    return Parameter(name, form, many=list in parts)


def _parts(annotation: Any) -> Iterator[Any]:
    """The types that it is made of: `list[UUID] | None` holds list, UUID and None."""
    if isinstance(annotation, TypeAliasType):
        yield from _parts(annotation.__value__)
        return
    origin = getattr(annotation, "__origin__", None)
    if isinstance(annotation, type) or origin is not None:
        yield origin or annotation
    for part in get_args(annotation):
        if isinstance(part, type | TypeAliasType) or get_args(part):
            yield from _parts(part)
