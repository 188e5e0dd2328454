"""Which rule of a set decides, and how one that was stored is read again."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic_core import from_json, to_json

from accounts_api.language.rules.catalog import Catalog, Field, FieldType
from accounts_api.language.rules.syntax.faults import RuleFaulty, of_what_is_stored
from accounts_api.language.rules.syntax.json_codec import read_json
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule


class Stored(Protocol):
    """A rule as its set keeps it."""

    @property
    def id(self) -> UUID: ...
    @property
    def rule(self) -> dict[str, Any]: ...
    @property
    def faults(self) -> list[dict[str, Any]] | None: ...


R = TypeVar("R", bound=Stored)
Faulty = list[tuple[R, list[dict[str, Any]]]]
"""Rules that cannot be used any more, each with its faults."""


def first(matched: Sequence[bool]) -> int | None:
    """The place of the rule that decides; None when none matches."""
    return next((place for place, found in enumerate(matched) if found), None)


def earliest(flips: Iterable[datetime | None]) -> datetime | None:
    """When any of the rules may say something else, if nothing changes."""
    return min((at for at in flips if at is not None), default=None)


def usable(
    stored: Iterable[R], read: Callable[[str], Rule]
) -> tuple[list[tuple[R, Rule]], Faulty[R]]:
    """Rules in their order, as `read` makes them of JSON text, and those that it refuses."""
    found: list[tuple[R, Rule]] = []
    faulty: Faulty[R] = []
    for one in stored:
        try:
            found.append((one, read(to_json(one.rule).decode())))
        except RuleFaulty as error:
            faulty.append((one, error.as_errors()))
    return found, faulty


@lru_cache(maxsize=1024)
def rule_of(catalog: Catalog, record_type: str, document: str) -> Rule:
    """A stored rule from its JSON text. Raises `RuleFaulty` when it can be used no more."""
    with of_what_is_stored():
        return check(read_json(from_json(document)), catalog, record_type)


def date_field(catalog: Catalog, record_type: str, name: str | None) -> Field | None:
    """The record's own date of this name."""
    field = catalog.scope(record_type).fields.get(name) if name else None
    dated = field is not None and field.type in {FieldType.DATE, FieldType.DATETIME}
    return field if dated else None
