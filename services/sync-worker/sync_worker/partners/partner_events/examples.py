"""An example of any event, for the OpenAPI document."""

import types
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from shared.events.base import Event

_AT = "2026-03-02T09:00:00Z"
_NAMESPACE = UUID("0199a3ee-10aa-7b22-9c33-dd44ee55ff66")
_NAMES = {
    "account_name": "Northwind",
    "after": "subscribed",
    "before": "trial",
    "close_date": "2026-05-31",
    "contact_name": "Ana Lima",
    "contract_expiration": "2026-05-31",
    "contract_start": "2025-06-01",
    "country": "DE",
    "currency": "EUR",
    "date": "2026-12-24",
    "deal_room_url": "https://rooms.example/northwind",
    "detail": "The template names a field that this record does not have.",
    "diagnostic": "550 5.1.1 The address does not exist.",
    "direction": "pull",
    "domain": "northwind.example",
    "email": "ana@northwind.example",
    "end": "17:00",
    "external_id": "0015g00000XyZabAAF",
    "first_name": "Ana",
    "full_name": "Ben Okafor",
    "internet_message_id": "<0199a3f2.6d1e@mail.tenure.example>",
    "key": "munich_office",
    "last_name": "Lima",
    "mailbox": "renewals@tenure.example",
    "message_id": "<0199a3f2.6d1e@mail.tenure.example>",
    "name": "Northwind",
    "noun": "account",
    "opportunity_name": "Northwind renewal 2026",
    "outcome": "done",
    "phone": "+49 30 1234567",
    "plan_roles": "champion",
    "recipient": "ana@northwind.example",
    "references": "<0199a3f2.6d1e@mail.tenure.example>",
    "renewal_sequence_status": "60 days",
    "segment_title": "Renewals within 90 days",
    "sender": "renewals@tenure.example",
    "sequence_title": "Scaled renewals",
    "stage": "Negotiation",
    "start": "09:00",
    "status": "5.1.1",
    "step_title": "60 days before expiration",
    "subdivision": "BY",
    "subject": "Your renewal on 31 May",
    "subject_type": "opportunity",
    "survey_key": "would_you_recommend_us",
    "survey_kind": "nps",
    "system": "salesforce",
    "template_key": "logging_calls",
    "time_zone": "Europe/Berlin",
    "title": "Create a deal room for Northwind",
    "traits": "enterprise",
    "url_host": "partner.example",
    "via": "sequence",
}
_CHANGED = {"updated": ["name", "traits.tier"], "computed": ["traits.tier"]}
_KEYS = {
    "key_roles": "csm",
    "traits": "tier",
    "field_values": "risk_status",
    "working_hours": "monday",
}


def example_of(event: type[Event], public_type: str) -> dict[str, Any]:
    """What `data` of an event of this type may look like."""
    made = _object(event)
    if "change" in made:
        made["change"] = public_type.partition(".")[2]
        made["changed"] = _CHANGED.get(made["change"], [])
        made["corrected"], made["effective_at"] = [], None
        made["merged_into"] = _id("merged_into") if made["change"] == "merged" else None
    return event.model_validate(made).model_dump(mode="json")


def _object(model: type[BaseModel]) -> dict[str, Any]:
    return {name: _of_field(name, field) for name, field in model.model_fields.items()}


def _of_field(name: str, field: FieldInfo) -> Any:
    return _value(field.annotation, name)


def _value(kind: Any, name: str) -> Any:
    if isinstance(kind, TypeAliasType):
        return _value(kind.__value__, name)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(inner[0], name)
    if origin is Literal:
        return _NAMES.get(name) if _NAMES.get(name) in inner else inner[0]
    if origin in {Union, types.UnionType}:
        return _value(next(part for part in inner if part is not type(None)), name)
    if origin is list:
        return [_value(inner[0], name)]
    if origin is dict:
        return {_KEYS.get(name, "key"): _value(inner[1], name)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _object(kind)
    if kind is UUID:
        return _id(name)
    plain = {datetime: _AT, int: 1, bool: False}
    return plain.get(kind, _NAMES.get(name, name.replace("_", " ")))


def _id(name: str) -> str:
    return str(uuid5(_NAMESPACE, name))
