"""The value of a trait that a row is sorted by: the twin of what SQL reads out of the document."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.rules.types.catalog import Field, FieldType

_NUMBERS = frozenset({FieldType.NUMBER, FieldType.CURRENCY})


def trait_value(field: Field, stored: Any) -> Any:
    """None for what is not of its type, as a value is until the worker has converted it."""
    if field.type is FieldType.BOOLEAN:
        return stored if isinstance(stored, bool) else None
    if field.type in _NUMBERS:
        is_number = isinstance(stored, int | float) and not isinstance(stored, bool)
        return Decimal(str(stored)) if is_number else None
    if not isinstance(stored, str):
        return None
    if field.type is FieldType.DATE:
        return _parsed(date, stored)
    if field.type is FieldType.DATETIME:
        return _parsed(datetime, stored) if stored.endswith("Z") else None
    return stored


def _parsed(kind: type[date], stored: str) -> date | None:
    try:
        return kind.fromisoformat(stored)
    except ValueError:
        return None
