"""What a row of a file says, as a bulk write has it."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from accounts_api.customers.import_destinations.rules import LINKS, Target
from accounts_api.customers.import_reading.cells import Unreadable, amount, value_of
from accounts_api.customers.imports.rules import AmountUnits, EmptyCells
from accounts_api.language.spreadsheets.evidence import Shown
from accounts_api.language.spreadsheets.formats import AS_SHOWN, Formats, is_rounded

_IDS: Final = ("id", "external_id")


def together(identities: Sequence[Hashable | None], rejected: Collection[int]) -> dict[int, int]:
    """Which rows are about a record of which another row is rejected: that row, by theirs.

    Rows of one record stand together, for otherwise what is wrong with one would let another win.
    """
    first = {identities[at]: at for at in sorted(rejected, reverse=True)}
    first.pop(None, None)
    return {
        at: first[identity]
        for at, identity in enumerate(identities)
        if identity in first and at not in rejected
    }


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a row is rejected. `column` None: not for one of its cells."""

    column: str | None
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Members:
    """Ids by the key of the e-mail address."""

    active: Mapping[str, str] = field(default_factory=dict)
    all: Mapping[str, str] = field(default_factory=dict)
    """Those who were deactivated, too."""


@dataclass(frozen=True)
class Reading:
    """How the rows of one file become rows of a bulk write."""

    columns: Sequence[str]
    mapping: Mapping[str, str | None]
    known: Mapping[str, Target]
    amounts: AmountUnits
    empty_cells: EmptyCells
    linked: bool
    """An account that is named is one of the record's, not what it belongs to."""
    formats: Formats = AS_SHOWN
    evidence: Shown = field(default_factory=dict)

    def row(self, cells: Sequence[str], members: Members) -> tuple[dict[str, Any], list[CellFault]]:
        """What the row says, as the body of a bulk write has it, and all that is wrong with it."""
        cells = [*cells]
        while len(cells) > len(self.columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(self.columns):
            message = f"It has {len(cells)} cells, the header {len(self.columns)}."
            return {}, [CellFault(None, "wrong_columns", message)]
        said: dict[str, Any] = {}
        faults = []
        for column, cell in zip(self.columns, cells, strict=True):
            target = self.known.get(self.mapping.get(column) or "")
            if target is None:
                continue
            if not cell.strip():
                if self.empty_cells == "clear" and target.name not in {"id", "external_id"}:
                    said[target.name] = None
                continue
            try:
                known = members.all if target.former_members else members.active
                value = value_of(target, cell, known, self.formats)
                self._must_be_whole(column, target, value)
                said[target.name] = value
            except Unreadable as wrong:
                faults.append(CellFault(column, wrong.code, wrong.message))
        faults += self._amounts(said)
        return self._nested(said), faults

    def _must_be_whole(self, column: str, target: Target, value: Any) -> None:
        """Two ids that a spreadsheet rounded would be one record."""
        is_id = target.name.endswith(_IDS) and isinstance(value, str)
        if is_id and is_rounded(value, self.evidence.get(column, ())):
            message = "A spreadsheet has rounded this id. Format the column as text, and save anew."
            raise Unreadable("rounded_id", message)

    def _amounts(self, said: dict[str, Any]) -> list[CellFault]:
        faults = []
        for name, value in said.items():
            target = self.known[name]
            if target.type == "amount" and value is not None:
                currency = target.currency or said.get("currency")
                try:
                    said[name] = amount(value, self.amounts, currency, self.formats)
                except Unreadable as wrong:
                    faults.append(CellFault(self.column_of(name), wrong.code, wrong.message))
        return faults

    def column_of(self, name: str) -> str | None:
        return next((column for column, to in self.mapping.items() if to == name), None)

    def at(self, pointer: str) -> str | None:
        """The column that a fault's JSON pointer into the row means."""
        first, *rest = pointer.removeprefix("/").split("/")
        if first == "accounts":
            name = rest[1] if len(rest) > 1 else "account_external_id"
        elif first in {"traits", "key_roles"} and rest:
            name = f"{first}.{rest[0].replace('~1', '/').replace('~0', '~')}"
        else:
            name = first
        return self.column_of(name)

    def _nested(self, said: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        link: dict[str, Any] = {}
        for name, value in said.items():
            group, dot, key = name.partition(".")
            if dot:
                row.setdefault(group, {})[key] = value
            elif self.linked and name in LINKS:
                link[name] = value
            else:
                row[name] = value
        if link.get("account_id") or link.get("account_external_id"):
            row["accounts"] = [{name: value for name, value in link.items() if value is not None}]
        return row
