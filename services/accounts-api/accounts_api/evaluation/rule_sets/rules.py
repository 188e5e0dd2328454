"""Which rule of a set decides, and how one that was stored is read again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic_core import from_json

from accounts_api.language.rules.ignored import beyond_ignored
from shared.rules.interpreter.depends import CALENDAR, Dependency, dependencies
from shared.rules.interpreter.explain import Explanation
from shared.rules.syntax.faults import of_what_is_stored
from shared.rules.syntax.json_codec import read_json
from shared.rules.types.catalog import Catalog, Field, FieldType
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule


class Stored(Protocol):
    """A rule as its set keeps it: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> UUID: ...
    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def rule(self) -> dict[str, Any]: ...
    @property
    def faults(self) -> list[dict[str, Any]] | None: ...
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Stored)


@dataclass(frozen=True, slots=True)
class Usable(Generic[R]):
    """A rule that can be evaluated, with the dates of the record that it maps."""

    stored: R
    rule: Rule
    dates: tuple[Field | None, ...] = ()

    @property
    def dependencies(self) -> frozenset[Dependency]:
        here = self.rule.type.name
        names = [field.name for field in self.dates if field is not None]
        mapped = {Dependency(here, name) for name in (*names, *([CALENDAR] if names else []))}
        return dependencies(self.rule) | mapped

    def reads(self, dependency: Dependency) -> bool:
        """Over whatever path."""
        wanted = (dependency.record_type, dependency.what)
        return any(wanted == (each.record_type, each.what) for each in self.dependencies)


class Evaluated(Protocol):
    """A record that the rules of a set were evaluated for; the two lists have a place for each."""

    @property
    def record_id(self) -> UUID: ...
    @property
    def matched(self) -> Sequence[bool]: ...
    @property
    def next_changes(self) -> Sequence[datetime | None]: ...
    @property
    def next_change_at(self) -> datetime | None:
        """As it is stored."""


@dataclass(frozen=True, slots=True)
class Explained(Generic[R]):
    """A rule's verdict on one record."""

    stored: R
    explanation: Explanation

    @property
    def verdict(self) -> bool:
        return self.explanation.verdict

    def as_json(self) -> dict[str, Any]:
        return {
            "rule_id": self.stored.id,
            "title": self.stored.title,
            "verdict": self.verdict,
            "explanation": self.explanation.as_json(),
        }


def first(matched: Sequence[bool]) -> int | None:
    """The place of the rule that decides; None when none matches."""
    return next((place for place, matches in enumerate(matched) if matches), None)


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """When any of the rules may say something else, if nothing changes."""
    return min((at for at in instants if at is not None), default=None)


@lru_cache(maxsize=1024)
def rule_of(catalog: Catalog, record_type: str, document: str) -> Rule:
    """A stored rule from its JSON text. Raises `RuleFaulty` when it can be used no more."""
    with of_what_is_stored():
        return check(read_json(from_json(document)), catalog, record_type)


@lru_cache(maxsize=8192)
def effective_rule(catalog: Catalog, record_type: str, document: str) -> Rule:
    """As `rule_of`, of a rule that holds for no ignored account, nor for what is theirs alone."""
    with of_what_is_stored():
        node = beyond_ignored(record_type, read_json(from_json(document)))
        return check(node, catalog, record_type)


def date_field(catalog: Catalog, record_type: str, name: str | None) -> Field | None:
    """The record's own date of this name."""
    field = catalog.scope(record_type).fields.get(name) if name else None
    dated = field is not None and field.type in {FieldType.DATE, FieldType.DATETIME}
    return field if dated else None
