"""Values that time alone may change: which of them a template names, and how they get among its
variables. A copy of a record holds what they were when something of it changed last.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.templates.rules import TRAITS, traits_in

_OF_ANOTHER_DAY: Final = "The values that it names are not of today: they are asked for again."
_NOT_ASKED: Final = "The values of today that it names were not asked for."


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """A trait that time may have moved, of a record that a mail is about."""

    record_type: str
    """Templates call the record so, too."""
    record_id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class CurrentValues:
    """What accounts said."""

    at: datetime | None = None
    """As of when, by the workspace's clock; None: it said nothing."""
    known: Mapping[Wanted, Any] = field(default_factory=dict)
    """None where there is no value."""
    lacking: Mapping[Wanted, str] = field(default_factory=dict)
    """What was asked for without an answer, with the reason for people."""

    def on_day_of(self, now: datetime, zone: ZoneInfo) -> "CurrentValues":
        """What holds now: values of another day are as good as none."""
        if self.at is None or self.at.astimezone(zone).date() == now.astimezone(zone).date():
            return self
        return CurrentValues(lacking=dict.fromkeys([*self.known, *self.lacking], _OF_ANOTHER_DAY))

    def not_asked(self, wanted: Iterable[Wanted]) -> set[Wanted]:
        return set(wanted) - self.known.keys() - self.lacking.keys()

    def why_not(self, wanted: Iterable[Wanted]) -> str | None:
        """Why not all of these are known; None: they are."""
        return next(
            (self.lacking.get(one, _NOT_ASKED) for one in sorted(wanted) if one not in self.known),
            None,
        )


def wanted_by(
    templates: Iterable[tuple[str, bool]],
    records: Mapping[str, UUID],
    moving: Collection[str] | None,
) -> frozenset[Wanted]:
    """What templates, each with whether it is HTML, name of the records. `moving` are the fields
    that time may change, such as `account.traits.days_left`; None: nobody knows, so any trait may
    be one.
    """
    named = {trait for source, html in templates for trait in traits_in(source, html=html)}
    found = set()
    for trait in named if moving is None else named & set(moving):
        record_type, _, key = trait.split(".", 2)
        if record_type in records:
            found.add(Wanted(record_type, records[record_type], key))
    return frozenset(found)


def with_current(
    variables: Mapping[str, Any], wanted: Iterable[Wanted], values: CurrentValues
) -> dict[str, Any]:
    """The variables with these traits as they are now; all of them are known."""
    found = dict(variables)
    for one in wanted:
        record, value = found[one.record_type], values.known[one]
        traits = {key: was for key, was in record[TRAITS].items() if key != one.key}
        if value not in (None, ""):
            traits[one.key] = value
        found[one.record_type] = {**record, TRAITS: traits}
    return found
