"""Traits as rules and formulas know them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from shared.mail.addresses import normal_email
from shared.rules.types.catalog import Field, FieldType, trait
from shared.traits.definitions import Definition, TraitType

FIELD_TYPES: Final[Mapping[TraitType, FieldType]] = {
    "string": FieldType.TEXT,
    "text": FieldType.TEXT,
    "url": FieldType.TEXT,
    "email": FieldType.TEXT,
    "number": FieldType.NUMBER,
    "currency": FieldType.CURRENCY,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "select": FieldType.SELECT,
    "multi_select": FieldType.MULTI_SELECT,
    "member": FieldType.ID,
    "contact": FieldType.ID,
}
_CHOSEN: Final = frozenset({FieldType.SELECT, FieldType.MULTI_SELECT})


def trait_field(definition: Definition) -> Field:
    return field_of(definition.key, definition.value_type, definition.allowed, definition.currency)


def field_of(key: str, type_: TraitType, options: Iterable[str], currency: str | None) -> Field:
    field_type = FIELD_TYPES[type_]
    field = trait(key, field_type, options if field_type in _CHOSEN else (), currency or "")
    return replace(field, one_form=normal_email) if type_ == "email" else field
