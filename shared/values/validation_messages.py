"""Sentences for what is wrong with a value. The library's own messages speak of Python types, which
help nobody who writes JSON in another language.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic_core.core_schema import ErrorType

_INTEGER: Final = "An integer such as 12."
_NUMBER: Final = "A number such as 12.5."
_TEXT: Final = "Text, in quotation marks."
_BOOLEAN: Final = "true or false, without quotation marks."
_DATE: Final = 'A date such as "2026-01-31".'
_TIME: Final = 'A time of day such as "09:30".'
_INSTANT: Final = 'An instant with its offset, such as "2026-01-31T09:00:00Z".'
_ID: Final = 'An id such as "0198c0de-0300-7a3b-8c4d-5e6f708192a3".'
_URL: Final = 'A web address such as "https://example.com".'
_LIST: Final = "A list, in square brackets."
_OBJECT: Final = "An object, in braces."

_BY_TYPE: Final[Mapping[str, str]] = {
    "missing": "This is required.",
    "extra_forbidden": "This field does not exist here; remove it or check its spelling.",
    "frozen_field": "This cannot be changed.",
    "none_required": "Only null.",
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": "An integer that fits 64 bits.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "A finite number.",
    "decimal_max_digits": "At most {max_digits} digits.",
    "decimal_max_places": "At most {decimal_places} decimals.",
    "decimal_whole_digits": "At most {whole_digits} digits before the decimal point.",
    "greater_than": "More than {gt}.",
    "greater_than_equal": "At least {ge}.",
    "less_than": "Less than {lt}.",
    "less_than_equal": "At most {le}.",
    "multiple_of": "A multiple of {multiple_of}.",
    "string_type": _TEXT,
    "string_unicode": "Text in UTF-8.",
    "string_too_short": "A text of {min_length} or more characters.",
    "string_too_long": "A text of no more than {max_length} characters.",
    "string_pattern_mismatch": "Text that matches the pattern {pattern}.",
    "string_not_ascii": "Text in ASCII.",
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": f"{_DATE} This has a time of day.",
    "date_past": "A date in the past.",
    "date_future": "A date in the future.",
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_past": "An instant in the past.",
    "datetime_future": "An instant in the future.",
    "timezone_aware": f"{_INSTANT} Its offset is missing.",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": _ID,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_too_long": "A web address of at most {max_length} characters.",
    "url_scheme": "A web address that begins with {expected_schemes}.",
    "list_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "tuple_type": _LIST,
    "iterable_type": _LIST,
    "too_short": "{min_length} or more of them; here are {actual_length}.",
    "too_long": "No more than {max_length} of them.",
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "literal_error": "One of {expected}.",
    "enum": "One of {expected}.",
    "union_tag_invalid": "{discriminator} is one of {expected_tags}.",
    "union_tag_not_found": "Say {discriminator}, which tells what it is.",
    "json_type": "JSON, as text.",
    "json_invalid": "It is not JSON.",
}
_OTHERWISE: Final = "This value is not possible here."
_OURS: Final = frozenset({"value_error", "assertion_error"})
"""Raised by our own validators, whose sentence stands behind a few words of the library's."""
_LIBRARYS: Final = frozenset(get_args(ErrorType))
"""Others are `PydanticCustomError`s, whose words are ours."""


def json_fault(error: Exception) -> str:
    """Where a text ceases to be JSON, by what the parser raised."""
    place = re.search(r"line (\d+) column (\d+)", str(error))
    where = f" Look at line {place[1]}, column {place[2]}." if place else ""
    return f"It is not JSON in UTF-8.{where}"


def message_of(error: Mapping[str, Any]) -> str:
    """The sentence for one of Pydantic's errors."""
    kind = error["type"]
    if kind in _OURS:
        return str(error["msg"]).partition(", ")[2]
    if kind not in _LIBRARYS:
        return str(error["msg"])
    return _BY_TYPE.get(kind, _OTHERWISE).format_map(error.get("ctx", {}))
