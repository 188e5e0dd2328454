"""Single comparisons of a field with constants, with the type errors that Salesforce gives."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.simulators.salesforce import ids
from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.schema import CASE_BLIND, IDS, NUMBERS, Field
from tests.simulators.salesforce.soql import Comparison, Constant, Query
from tests.simulators.salesforce.values import Value, parse_date, parse_instant

Holds = Callable[[Value], bool]
_COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_CONSTANTS = {
    "boolean": {"boolean"},
    "date": {"date", "relative"},
    "datetime": {"datetime", "relative"},
    "int": {"number"},
    **{number: {"number"} for number in NUMBERS},
}
_TYPE_NAMES = {"datetime": "dateTime", **dict.fromkeys(NUMBERS, "double")}


def sort_key(field: Field) -> Callable[[Any], Any]:
    """Text sorts without regard to case; ids, dates and numbers as they are."""
    return (
        (lambda value: str(value).casefold()) if field.type in CASE_BLIND else lambda value: value
    )


def compiled(field: Field, comparison: Comparison, query: Query, *, today: date) -> Holds:
    """Check the comparison's types and make a function of it."""
    _check(field, comparison, query)
    operator, constants = comparison.operator, comparison.constants
    if operator == "like":
        return _like(constants[0].text)
    if constants[0].kind == "relative":
        return _within(field, operator, constants[0].text, today)
    key = sort_key(field)
    wanted = [_value(field, constant, comparison, query) for constant in constants]
    keys = {None if each is None else key(each) for each in wanted}

    if operator in {"=", "in"}:
        return lambda value: (None if value is None else key(value)) in keys
    if operator in {"!=", "not in"}:
        return lambda value: (None if value is None else key(value)) not in keys
    compare, bound = _COMPARES[operator], keys.pop()
    return lambda value: value is not None and bound is not None and compare(key(value), bound)


def _check(field: Field, comparison: Comparison, query: Query) -> None:
    at, operator = comparison.path.at, comparison.operator
    if field.type in {"textarea", "base64"}:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise query.refuse("INVALID_FIELD", message, at)
    if operator == "like" and field.type not in CASE_BLIND:
        where = "id" if field.type in IDS else field.type
        raise query.refuse(
            "INVALID_QUERY_FILTER_OPERATOR", f"Invalid operator on {where} field", at
        )
    if operator in _COMPARES and field.type == "boolean":
        raise query.refuse("INVALID_QUERY_FILTER_OPERATOR", "Invalid operator on boolean field", at)
    allowed = _CONSTANTS.get(field.type, {"string"})
    for constant in comparison.constants:
        if constant.kind == "null" or constant.kind in allowed:
            continue
        name = _TYPE_NAMES.get(field.type, field.type)
        quotes = "should" if allowed == {"string"} else "should not"
        message = (
            f"value of filter criterion for field '{field.name}' must be of type "
            f"{'string' if allowed == {'string'} else name} and {quotes} be enclosed in quotes"
        )
        raise query.refuse("INVALID_FIELD", message, at)


def _value(field: Field, constant: Constant, comparison: Comparison, query: Query) -> Value:
    if constant.kind == "null":
        # A checkbox is never null; asking for null means not ticked.
        return False if field.type == "boolean" else None
    if constant.kind == "number":
        return float(constant.text)
    if constant.kind == "boolean":
        return constant.text == "true"
    try:
        if constant.kind == "date":
            return parse_date(constant.text)
        if constant.kind == "datetime":
            return parse_instant(constant.text)
        return ids.normalised(constant.string) if field.type in IDS else constant.string
    except ValueError as error:
        message = f"line 1, invalid {constant.kind}: {constant.text}"
        raise query.refuse("MALFORMED_QUERY", message, comparison.path.at) from error
    except ApiError as error:
        message = f"invalid ID field: {constant.string}"
        raise query.refuse("INVALID_QUERY_FILTER_OPERATOR", message, comparison.path.at) from error


def _like(raw: str) -> Holds:
    """A pattern of LIKE: `%` is any text, `_` any letter, and a backslash makes them ordinary."""
    pattern = ""
    for escaped, plain in re.findall(r"\\(.)|([^\\])", raw, flags=re.DOTALL):
        wild = {"%": ".*", "_": "."}.get(plain)
        pattern += wild or re.escape(plain or Constant("string", f"\\{escaped}").string)
    matcher = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda value: value is not None and matcher.fullmatch(str(value)) is not None


def _within(field: Field, operator: str, name: str, today: date) -> Holds:
    """Compare with a range of whole days: before its first, after its last, or inside."""
    first, last = _days(name, today)
    if operator in {"=", "in"}:
        return lambda value: value is not None and first <= str(value)[:10] <= last
    if operator in {"!=", "not in"}:
        return lambda value: value is None or not first <= str(value)[:10] <= last
    bound = first if operator in {"<", ">="} else last
    compare = _COMPARES[operator]
    return lambda value: value is not None and compare(str(value)[:10], bound)


def _days(name: str, today: date) -> tuple[str, str]:
    """First and last day of a relative date, in the org's zone, which is UTC."""
    single = {"yesterday": -1, "today": 0, "tomorrow": 1}.get(name)
    word, _, number = name.partition(":")
    if single is not None:
        first = last = today + timedelta(days=single)
    elif word == "last_n_days":
        first, last = today - timedelta(days=int(number)), today
    else:
        first, last = today + timedelta(days=1), today + timedelta(days=int(number))
    return first.isoformat(), last.isoformat()
