"""Rows of Salesforce as neutral rows: names of fields, kinds, and values on the wire."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from sync_worker.connectors.base import (
    Field,
    Json,
    Kind,
    Row,
    Stream,
    StreamType,
    Unencodable,
    Value,
)
from sync_worker.connectors.kit.defaults import json_number

_ID: Final = re.compile(r"[A-Za-z0-9]{15,18}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")
_DAY: Final = len("2026-03-31")
_SYSTEM_FIELDS: Final = (
    "Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "CurrencyIsoCode",
)  # fmt: skip

STREAMS: Final = (
    StreamType("User"),
    StreamType("Account"),
    StreamType("AccountContactRelation", joins="Contact"),
    StreamType("OpportunityContactRole", joins="Contact"),
    StreamType("Contact", parent="AccountId"),
    StreamType("Opportunity", parent="AccountId"),
)
_ASSOCIATIONS: Final[Mapping[str, Sequence[str]]] = {
    "AccountContactRelation": (
        "Id", "SystemModstamp", "IsDeleted", "ContactId", "AccountId", "IsActive", "IsDirect",
        "Roles",
    ),
    "OpportunityContactRole": (
        "Id", "SystemModstamp", "IsDeleted", "ContactId", "Role", "Opportunity.AccountId",
    ),
}  # fmt: skip
"""Objects that say which contact belongs to which account, and as what."""

_KINDS: Final[Mapping[str, Kind]] = {
    "int": "number",
    "long": "number",
    "double": "number",
    "percent": "number",
    "currency": "money",
    "boolean": "bool",
    "date": "date",
    "datetime": "instant",
    "time": "time",
    "picklist": "choice",
    "multipicklist": "choices",
    "reference": "ref",
    "url": "url",
    "email": "email",
    "address": "address",
    "location": "json",
    "base64": "json",
    "complexvalue": "json",
}


def readable_fields(described: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """What we keep of the fields of an object. One without a usable name is none for us."""
    return tuple(
        _readable_field(field)
        for field in described
        if isinstance(field.get("name"), str) and _NAME.fullmatch(field["name"])
    )


def _readable_field(field: Mapping[str, Any]) -> Field:
    length, listed = field.get("length"), field.get("picklistValues")
    choices = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    return Field(
        name=field["name"],
        label=str(field.get("label") or field["name"]),
        kind=_KINDS.get(str(field.get("type") or ""), "text"),
        length=length if type(length) is int and length > 0 else None,
        choices=tuple(
            str(each["value"])
            for each in choices
            if each.get("active") is True and each.get("value")
        ),
    )


def columns(stream: Stream) -> list[str]:
    """What a query names: only what our user may see, else the whole query would be refused."""
    if stream.name in _ASSOCIATIONS:
        return list(_ASSOCIATIONS[stream.name])
    visible = set(stream.schema.names)
    parent = [stream.type.parent] if stream.type.parent else []
    wanted = (*_SYSTEM_FIELDS, *parent, *stream.fields)
    return [name for name in dict.fromkeys(wanted) if name in visible]


def readable(rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Rows that say which record they are and when it changed. What does not cannot be kept."""
    return [row for row in rows if isinstance(row, dict) and _is_readable(row)]


def _is_readable(row: Mapping[str, Any]) -> bool:
    at = parsed_instant(row.get("SystemModstamp"))
    return at is not None and isinstance(row.get("Id"), str) and is_id(row["Id"])


def is_id(given: str) -> bool:
    return _ID.fullmatch(given) is not None


def rows_of(stream: Stream, found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Of rows that are `readable`."""
    kinds = {field.name: field.kind for field in stream.schema.fields}
    return [_row(stream, kinds, each) for each in found]


def _row(stream: Stream, kinds: Mapping[str, Kind], wire: Mapping[str, Any]) -> Row:
    changed_at = parsed_instant(wire["SystemModstamp"])
    if changed_at is None:
        raise ValueError("Only readable rows become ours.")
    row_id = str(wire["Id"])
    source = {name: value for name, value in wire.items() if name != "attributes"}
    if stream.name in _ASSOCIATIONS:
        return _association(stream.name, row_id, changed_at, source)
    if wire.get("IsDeleted"):
        winner = wire.get("MasterRecordId")
        merged_into = str(winner) if winner else None
        return Row(row_id, changed_at, state="deleted", merged_into=merged_into, source=source)
    named = (stream.type.parent, *stream.fields)
    values = {
        name: decode(kinds.get(name, "text"), wire[name])
        for name in named
        if name is not None and name in wire
    }
    currency = str(wire["CurrencyIsoCode"]) if wire.get("CurrencyIsoCode") else None
    return Row(row_id, changed_at, values, currency=currency, source=source)


def _association(name: str, row_id: str, changed_at: datetime, wire: Mapping[str, Any]) -> Row:
    """One that has ended says nothing more; a direct one is the contact's own account."""
    contact = wire.get("ContactId")
    if name == "AccountContactRelation":
        account = wire.get("AccountId")
        roles = str(wire.get("Roles") or "").split(";")
        ended = wire.get("IsActive") is False and not wire.get("IsDirect")
    else:
        opportunity = wire.get("Opportunity")
        account = opportunity.get("AccountId") if isinstance(opportunity, dict) else None
        roles = [str(wire.get("Role") or "")]
        ended = False
    gone = ended or not account or not contact
    values: dict[str, Value] = {
        "of": str(contact) if contact else None,
        "to": account,
        "roles": tuple(role for role in roles if role),
    }
    state = "deleted" if wire.get("IsDeleted") else "ended" if gone else "live"
    return Row(row_id, changed_at, values, state=state, source=wire)  # type: ignore[arg-type]


def decode(kind: Kind, wire: Any) -> Value:
    """A value in its neutral form; what is none of its kind stays as it came."""
    if isinstance(wire, bool):
        return wire
    if kind in {"number", "money"} and isinstance(wire, int | float):
        return Decimal(wire if isinstance(wire, int) else str(wire))
    if isinstance(wire, str):
        if kind == "instant":
            return parsed_instant(wire) or wire
        if kind == "date":
            return _day(wire) or wire
        if kind == "choices" and wire.strip():
            return tuple(part.strip() for part in wire.split(";") if part.strip())
    return wire  # type: ignore[no-any-return]  # JSON is a value


def encode(field: Field, value: Value) -> Json:
    """The inverse of `decode`, in the forms of the REST API. Raises `Unencodable`."""
    match value:
        case tuple():
            if any(";" in part for part in value):
                raise Unencodable("A choice that holds a semicolon would be read as two.")
            return ";".join(value)
        case Decimal():
            return json_number(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        case date():
            return value.isoformat()
        case _:
            return value


def parsed_instant(given: Any) -> datetime | None:
    """`2024-07-24T14:05:58.000+0000`: the offset of the REST API has no colon."""
    try:
        at = datetime.fromisoformat(str(given))
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if len(given) <= _DAY else None
    except ValueError:
        return None
