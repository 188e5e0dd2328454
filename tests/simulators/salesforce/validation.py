"""Turns what a client wrote into kept values, or refuses it in Salesforce's words."""

import base64
from collections.abc import Mapping
from typing import Any

from tests.simulators.salesforce import ids
from tests.simulators.salesforce.errors import ApiError
from tests.simulators.salesforce.ids import PREFIXES
from tests.simulators.salesforce.objects import BY_LOWER_NAME
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.schema import NUMBERS, Field, SObject
from tests.simulators.salesforce.values import Value, Values, is_email, parse_date, parse_instant


def accepted(org: Org, sobject: SObject, given: Mapping[str, Any], *, creating: bool) -> Values:
    """Check every field a client sets. `attributes` is the client's own remark, not a field."""
    if not sobject.api_writable:
        message = (
            f"entity type {sobject.name} does not support {'create' if creating else 'update'}"
        )
        raise ApiError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, [])
    values: Values = {}
    forbidden: list[str] = []
    fields = org.fields(sobject)
    for name, value in given.items():
        if name == "attributes":
            continue
        field = fields.get(name.lower())
        if field is None and name.lower() not in sobject.by_name:
            message = f"No such column '{name}' on sobject of type {sobject.name}"
            raise ApiError(400, "INVALID_FIELD", message)
        if field is None or not (field.createable if creating else field.updateable):
            forbidden.append(sobject.by_name[name.lower()].name)
            continue
        values[field.name] = _accepted(org, field, value)
    if forbidden:
        message = (
            f"Unable to create/update fields: {', '.join(forbidden)}. Please check the security "
            "settings of this field and verify that it is read/write for your profile or "
            "permission set."
        )
        raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, forbidden)
    _require(sobject, values, creating=creating)
    return values


def _require(sobject: SObject, values: Values, *, creating: bool) -> None:
    missing = [
        field.name
        for field in sobject.required
        if (creating and field.default is None and values.get(field.name) is None)
        or (field.name in values and values[field.name] is None)
    ]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiError(400, "REQUIRED_FIELD_MISSING", message, missing)


def _accepted(org: Org, field: Field, value: Any) -> Value:
    if value is None or value == "":
        # An empty text is the same as none; a checkbox without a value is not ticked.
        return False if field.type == "boolean" else None
    if field.type == "boolean":
        if isinstance(value, bool):
            return value
        raise _unreadable("boolean", value)
    if field.type in NUMBERS or field.type == "int":
        return _number(field, value)
    if not isinstance(value, str) or "\0" in value:
        raise _unreadable("string", value)
    if field.type in {"date", "datetime"}:
        try:
            return parse_date(value) if field.type == "date" else parse_instant(value)
        except ValueError as error:
            raise _unreadable(field.type, value) from error
    if field.type == "reference":
        return _reference(org, field, value)
    if field.type == "base64":
        try:
            base64.b64decode(value, validate=True)
        except ValueError as error:
            raise _unreadable("base64", value[:40]) from error
    return _text(field, value)


def _number(field: Field, value: Any) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unreadable("double", value)
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise _unreadable("double", value) from error
    if abs(number) >= 10**16 or number != number:  # noqa: PLR0124 - only NaN differs from itself
        message = f"{field.label or field.name}: value outside of valid range on numeric field"
        raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])
    return int(number) if field.type == "int" else number


def _text(field: Field, value: str) -> str:
    if field.length and len(value) > field.length:
        message = (
            f"{field.label or field.name}: data value too large: {value[:255]} "
            f"(max length={field.length})"
        )
        raise ApiError(400, "STRING_TOO_LONG", message, [field.name])
    if field.type == "email" and not is_email(value):
        message = f"{field.label or field.name}: invalid email address: {value}"
        raise ApiError(400, "INVALID_EMAIL_ADDRESS", message, [field.name])
    if field.restricted and value not in field.choices:
        message = f"{field.label or field.name}: bad value for restricted picklist field: {value}"
        raise ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    return value


def _reference(org: Org, field: Field, value: str) -> str:
    try:
        record_id = ids.normalised(value)
    except ApiError as error:
        message = f"{field.label or field.name}: id value of incorrect type: {value}"
        raise ApiError(400, "MALFORMED_ID", message, [field.name]) from error
    prefixes = {PREFIXES[BY_LOWER_NAME[name.lower()].name] for name in field.refers_to}
    if record_id[:3] not in prefixes:
        message = f"{field.label or field.name}: id value of incorrect type: {value}"
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, [field.name])
    found = org.peek(record_id)
    if found is None:
        message = "invalid cross reference id"
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", message, [field.name])
    if found.get("IsDeleted"):
        raise ApiError(400, "ENTITY_IS_DELETED", "entity is deleted", [field.name])
    return record_id


def _unreadable(kind: str, value: object) -> ApiError:
    shapes = {bool: "VALUE_BOOLEAN", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT",
             str: "VALUE_STRING", list: "START_ARRAY", dict: "START_OBJECT"}  # fmt: skip
    shape = shapes.get(type(value), "VALUE_NULL")
    message = (
        f"Cannot deserialize instance of {kind} from {shape} value {value} or request may be "
        "missing a required field at [line:1, column:2]"
    )
    return ApiError(400, "JSON_PARSER_ERROR", message)
