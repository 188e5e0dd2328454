"""The order of a list, from the words of a request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.errors import Fault, Invalid
from shared.rules.types.catalog import Field, FieldType
from shared.spelling import suggestion

_UNSORTABLE: Final = frozenset({FieldType.MULTI_SELECT})
_MOST_KEYS: Final = 4


@dataclass(frozen=True, slots=True)
class SortKey:
    field: Field
    descending: bool
    nullable: bool
    long: bool = False
    """A text without a length that an address could hold."""


def sort_keys(
    fields: Mapping[str, Field],
    sort: str | None,
    pointer: str,
    plural: str,
    key_of: Callable[[Field, bool], SortKey | None],
) -> tuple[SortKey, ...]:
    """Raises `Invalid`. `key_of` makes the key of a field, which descends or not; None of one that
    has no order here.
    """
    keys, faults = [], []
    for part in filter(None, (part.strip() for part in (sort or "").split(","))):
        name = part.removeprefix("-")
        field = fields.get(name)
        if field is None:
            faults.append(unknown_field(plural, name, fields, pointer))
        elif field.type in _UNSORTABLE:
            faults.append(Fault(pointer, "not_sortable", f"{name} has several values."))
        elif (key := key_of(field, part.startswith("-"))) is None:
            faults.append(Fault(pointer, "not_sortable", f"{plural} are not sorted by {name}."))
        else:
            keys.append(key)
    if len(keys) > _MOST_KEYS:
        faults.append(Fault(pointer, "too_many_keys", f"At most {_MOST_KEYS} sort keys."))
    if faults:
        raise Invalid(faults=faults)
    return tuple(keys)


def unknown_field(plural: str, name: str, known: Iterable[str], pointer: str) -> Fault:
    message = f"{plural} have no field {name[:100]!r}."
    return Fault(pointer, "unknown_field", message, suggestion(name, known))
