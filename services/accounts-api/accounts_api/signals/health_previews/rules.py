"""How many records are looked at, and how they would move."""

from dataclasses import dataclass
from typing import Final

EVERY_RECORD_UP_TO: Final = 250_000
SAMPLE: Final = 10
"""One record in so many is looked at where there are more."""
MOVERS: Final = 20


@dataclass(frozen=True, slots=True)
class Move:
    """Records that have one label, or none, and would have another."""

    before: str | None
    after: str | None
    records: int
    arr: dict[str, int]
