"""What the cells of a file show of how it writes days, numbers and ids."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from accounts_api.language.spreadsheets.formats import (
    LONG_DIGITS,
    LONGEST,
    DateOrder,
    DecimalSign,
    day_readings,
    ends_in_zeros,
    instant_readings,
    number_readings,
)

Way = TypeVar("Way", DateOrder, DecimalSign)
Shown = dict[str, dict[str, dict[str, Any]]]
"""By column and by what it shows: the row and the cell that show it first."""


class Evidence:
    """Gathers what the first rows of a file show of its formats, while they come in."""

    LOOKED_AT: Final = 2_000

    def __init__(self) -> None:
        self._seen = 0
        self._found: dict[int, dict[str, dict[str, Any]]] = {}

    def see(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        for number, cells in rows:
            if self._seen == self.LOOKED_AT:
                return
            self._seen += 1
            for place, cell in enumerate(cells):
                for shown in _shows(cell.strip()):
                    of_column = self._found.setdefault(place, {})
                    of_column.setdefault(shown, {"row": number, "cell": cell.strip()})

    def by_column(self, columns: Sequence[str]) -> Shown:
        return {columns[at]: shown for at, shown in self._found.items() if at < len(columns)}


def _shows(cell: str) -> Iterator[str]:
    """What only one way of reading it allows."""
    if not cell or len(cell) > LONGEST or not any(map(str.isdigit, cell)):
        return
    if LONG_DIGITS.fullmatch(cell) and not ends_in_zeros(cell):
        yield "long_number"
    days = instant_readings(cell) or day_readings(cell)
    for readings in (number_readings(cell, money=True), days):
        if len(readings) == 1:
            yield from readings


@dataclass(frozen=True, slots=True)
class Guess(Generic[Way]):
    """What the file shows, and the cell that shows it."""

    value: Way
    column: str
    row: int
    cell: str


def guessed(evidence: Shown, columns: Iterable[str], ways: Sequence[Way]) -> Guess[Way] | None:
    """The way in which all `columns` can be read, if they show just one."""
    found: dict[Way, Guess[Way]] = {}
    for column in columns:
        for way in ways:
            if first := evidence.get(column, {}).get(way):
                found.setdefault(way, Guess(way, column, first["row"], first["cell"]))
    return next(iter(found.values())) if len(found) == 1 else None
