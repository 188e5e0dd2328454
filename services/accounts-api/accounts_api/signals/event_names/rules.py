"""What is counted of the messages that come, by their type and, of events, by name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import Fault

TYPES: Final = ("track", "identify", "group", "page", "screen", "alias")
UNKNOWN: Final = "unknown"
"""Of a message that does not say what it is."""
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a message is about: its type, and the name of an event."""

    type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not taken."""

    subject: Subject
    message_id: str | None
    faults: list[Fault]


def storable(text: str) -> str:
    """What of a refused message a database takes: no NUL, and no half of a character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def subject_of(message: Mapping[str, Any]) -> Subject:
    """As far as it can be read of one that is refused."""
    type_, name = message.get("type"), message.get("event")
    if type_ not in TYPES:
        return Subject(UNKNOWN)
    if type_ == "track" and isinstance(name, str) and 0 < len(name) <= LONGEST_NAME:
        return Subject(type_, storable(name))
    return Subject(type_)


def tallies(accepted: Iterable[Subject], refused: Iterable[Subject] = ()) -> list[dict[str, Any]]:
    """How many of each, in one order for all, so that writers do not wait crosswise."""
    came, went = Counter(accepted), Counter(refused)
    return [
        {
            "type": each.type,
            "name": each.name,
            "accepted": came[each],
            "refused": went[each],
        }
        for each in sorted({*came, *went})
    ]
