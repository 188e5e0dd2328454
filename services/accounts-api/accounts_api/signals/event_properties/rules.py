"""What a workspace may declare."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from shared.errors import Fault

MOST_PROPERTIES: Final = 50
MOST_OF_AN_EVENT: Final = 10
"""Every mixture of their values is counted apart."""
_WORD: Final = re.compile(r"[^a-z0-9]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def key_of(name: str) -> str:
    """The word by which rules call a property: `planName` and `Plan name` are `plan_name`."""
    word = _WORD.sub("_", _HUMP.sub("_", name).lower()).strip("_")
    return word if word[:1].isalpha() else f"p_{word}".rstrip("_")


def crowded(events: Sequence[str], others: Iterable[Sequence[str]]) -> list[Fault]:
    """The events that would have more declared properties than are counted by."""
    known = Counter(event for named in others for event in named)
    return [
        Fault(
            f"/events/{at}",
            "too_many",
            f"{event!r} has {MOST_OF_AN_EVENT} declared properties, which is as many as it may.",
        )
        for at, event in enumerate(events)
        if known[event] >= MOST_OF_AN_EVENT
    ]
