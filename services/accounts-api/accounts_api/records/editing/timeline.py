"""When the fields of a record were what: its facts in the order in which they hold.

A fact holds from its instant until the next one of its field. Of two of one instant the one that
was told last stands. Before the first fact a field is what the record began with.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts_api.records.schema.rules import RecordState, field_of, set_field


@dataclass(frozen=True, slots=True)
class Fact:
    valid_from: datetime
    old: Any
    new: Any


@dataclass
class Timeline:
    """Of one record, as far as it is known here: of a field that is not among `facts` there is none
    later than the instant that it was looked up for.
    """

    born: datetime
    """The first instant of the record."""
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    """By field, in the order in which they hold; of one instant, the last is the last told."""
    began: dict[str, Any] = field(default_factory=dict)
    """What each of these fields was before its first fact."""

    @classmethod
    def of(cls, born: datetime, told: Iterable[tuple[str, Fact]]) -> "Timeline":
        """From facts in the order in which they were told."""
        timeline = cls(born)
        for name, fact in told:
            timeline.tell(name, fact)
        return timeline

    def copy(self) -> "Timeline":
        facts = {name: list(facts) for name, facts in self.facts.items()}
        return Timeline(self.born, facts, dict(self.began))

    def tell(self, name: str, fact: Fact) -> None:
        facts = self.facts.setdefault(name, [])
        if not facts:
            self.began[name] = fact.old
        facts.insert(bisect_right(facts, fact.valid_from, key=_instant), fact)

    def later(self, name: str, at: datetime) -> Sequence[Fact]:
        """The facts of a field that hold from after `at`."""
        facts = self.facts.get(name, [])
        return facts[bisect_right(facts, at, key=_instant) :]

    def later_fields(self, at: datetime) -> frozenset[str]:
        return frozenset(name for name in self.facts if self.later(name, at))

    def instants(self, at: datetime) -> list[datetime]:
        """After `at`, those at which any field became something else."""
        return sorted({fact.valid_from for name in self.facts for fact in self.later(name, at)})

    def value(self, name: str, at: datetime) -> Any:
        """Of a field that has facts."""
        return self._value(name, bisect_right(self.facts[name], at, key=_instant))

    def before(self, name: str, at: datetime, present: RecordState) -> Any:
        """What a field was just before an instant."""
        if name not in self.facts:
            return field_of(present, name)
        return self._value(name, bisect_left(self.facts[name], at, key=_instant))

    def _value(self, name: str, place: int) -> Any:
        return self.facts[name][place - 1].new if place else self.began[name]

    def state(self, present: RecordState, at: datetime) -> RecordState:
        """The record as it was at an instant, which is not before what was looked up."""
        past = copied(present)
        for name in self.facts:
            set_field(past, name, self.value(name, at))
        return past


def _instant(fact: Fact) -> datetime:
    return fact.valid_from


def copied(state: RecordState) -> RecordState:
    """So that fields of the copy can be set."""
    copy = {**state, "traits": dict(state["traits"])}
    if "key_roles" in state:
        copy["key_roles"] = dict(state["key_roles"])
    return copy
