"""The types of JSON, which Pydantic by itself would coerce: `"5"` and `true` into numbers, `"yes"`
into a boolean, a number into the date so many seconds after 1970.

Its own strict mode would not do: it wants dates as Python's objects, because our bodies have been
parsed before they are judged.
"""

import re
from collections.abc import Iterator
from typing import Any, LiteralString

from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT_TEXT = re.compile(DAY_TEXT.pattern + r"[Tt ].+")


def allow_json_types_only(schema: CoreSchema) -> None:
    """Make the scalars in `schema` strict, in place. A repeated call changes nothing."""
    for node in list(_scalars(schema)):
        check = _CHECKED.get(node["type"])
        if check is None:
            node["strict"] = True
        else:
            inner: Any = dict(node)
            node.clear()
            node.update(no_info_before_validator_function(check, inner))


def _day(value: Any) -> Any:
    return _written(value, DAY_TEXT, "date_type", "Use a date such as 2026-11-02, as text.")


def _instant(value: Any) -> Any:
    message: LiteralString = (
        "Use an instant with its offset, such as 2026-11-02T09:00:00Z, as text."
    )
    return _written(value, INSTANT_TEXT, "datetime_type", message)


def _written(value: Any, form: re.Pattern[str], code: LiteralString, message: LiteralString) -> Any:
    """Raises for a number, and for text that would be read as one."""
    if isinstance(value, int | float) or (isinstance(value, str) and not form.fullmatch(value)):
        raise PydanticCustomError(code, message)
    return value


_CHECKED = {"date": _day, "datetime": _instant}
_STRICT = {"int", "float", "bool"}
_WITHIN = {
    "schema",
    "items_schema",
    "keys_schema",
    "values_schema",
    "extras_schema",
    "lax_schema",
    "strict_schema",
    "json_schema",
    "python_schema",
    "choices",
    "fields",
    "steps",
    "definitions",
}
"""Members of a schema that hold others: one, a list of them, or some by name."""


def _scalars(schema: Any) -> Iterator[dict[str, Any]]:
    if schema["type"] in _STRICT or schema["type"] in _CHECKED:
        yield schema
    elif not _is_checked(schema):
        for name in _WITHIN & set(schema):
            for inner in _schemas(schema[name]):
                yield from _scalars(inner)


def _schemas(member: Any) -> list[Any]:
    if isinstance(member, dict) and not isinstance(member.get("type"), str):
        member = list(member.values())
    if not isinstance(member, list):
        return [member]
    # Of a choice of a union there may be a label too.
    return [item[0] if isinstance(item, tuple) else item for item in member]


def _is_checked(schema: Any) -> bool:
    is_before = schema["type"] == "function-before"
    return is_before and schema["function"]["function"] in _CHECKED.values()
