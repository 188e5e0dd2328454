"""Where an event counts, and by which of its properties."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json, to_json

from shared.traits.definitions import Definition, TraitType
from shared.traits.values import InvalidTraitValue, coerce

NOBODY: Final = UUID(int=0)
"""Stands in a roll-up for a contact or an account that is not known."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose event it is, as far as that is known."""

    contact_id: UUID | None
    account_id: UUID | None

    @property
    def known(self) -> bool:
        return self.contact_id is not None or self.account_id is not None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A row of the roll-ups."""

    account_id: UUID
    name: str
    day: date
    contact_id: UUID


def bucket(owners: Owners, name: str, day: date) -> Bucket | None:
    """Where an event counts; nowhere while nothing is known of it."""
    if not owners.known:
        return None
    return Bucket(owners.account_id or NOBODY, name, day, owners.contact_id or NOBODY)


def sums(
    more: Iterable[Bucket | None], fewer: Iterable[Bucket | None] = ()
) -> Sequence[tuple[Bucket, int]]:
    """What to add to the roll-ups, in one order for all, so that writers do not wait crosswise."""
    counted: Counter[Bucket] = Counter(one for one in more if one is not None)
    counted.subtract(one for one in fewer if one is not None)
    changed = [(one, by) for one, by in counted.items() if by]
    return sorted(changed, key=lambda counted: _place(counted[0]))


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared property: what rules call it, what senders call it, and what its values are."""

    key: str
    name: str
    type: TraitType


LONGEST_VALUE: Final = 200
"""Characters, of a text that is counted by."""


def declared_properties(
    declared: Iterable[Declared], properties: Mapping[str, Any]
) -> dict[str, Any]:
    """What is counted by, in its stored form. A value of another type is no value."""
    found = {}
    for each in declared:
        given = properties.get(each.name)
        if given is None or (isinstance(given, str) and len(given) > LONGEST_VALUE):
            continue
        try:
            found[each.key] = coerce(Definition(each.key, each.type), given)
        except InvalidTraitValue:
            continue
    return found


ValuedBucket = tuple[Bucket, str]
"""Where an event counts by its properties, which are JSON of one form."""


def valued(where: Bucket | None, properties: Mapping[str, Any] | None) -> ValuedBucket | None:
    """Nowhere while nothing is known of it, or its name has no declared properties."""
    if where is None or properties is None:
        return None
    return where, to_json(dict(sorted(properties.items()))).decode()


def value_sums(
    more: Iterable[ValuedBucket | None], fewer: Iterable[ValuedBucket | None] = ()
) -> Sequence[tuple[Bucket, Mapping[str, Any], int]]:
    """As `sums`, with the properties."""
    counted: Counter[ValuedBucket] = Counter(one for one in more if one is not None)
    counted.subtract(one for one in fewer if one is not None)
    changed = [(*one, by) for one, by in counted.items() if by]
    changed.sort(key=lambda counted: (_place(counted[0]), counted[1]))
    return [(where, from_json(properties), by) for where, properties, by in changed]


def _place(one: Bucket) -> tuple[int, str, date, int]:
    """In the order of UUIDs: their numbers are compared many times as fast."""
    return one.account_id.int, one.name, one.day, one.contact_id.int
