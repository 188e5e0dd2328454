"""What the columns of a file mean for a record, and what a row of it says."""

import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from accounts_api.customers.imports.cells import (
    Amounts,
    Target,
    TargetType,
    Unreadable,
    amount,
    value_of,
)
from accounts_api.language.rules.fold import fold
from accounts_api.language.spreadsheets.evidence import Guess, Shown, guessed
from accounts_api.language.spreadsheets.formats import AS_SHOWN, ORDERS, SIGNS, Formats, is_rounded
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.trait_values import Definition, Definitions

EmptyCells = Literal["leave", "clear"]

_OF_TRAITS: Final[Mapping[str, TargetType]] = {
    "number": "number",
    "currency": "amount",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "multi_select": "list",
    "member": "member",
}
_OF_COLUMNS: Final[Mapping[str, TargetType]] = {
    "bigint": "amount",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "datetime",
}
_LINKS: Final[Mapping[str, TargetType]] = {
    "account_external_id": "text",
    "account_id": "text",
    "plan_roles": "list",
}
_IDS: Final = ("id", "external_id")
_NOT_FROM_FILES: Final = frozenset(
    {"traits", "key_roles", "accounts", "deleted", "restore", "merged_into_external_id"}
)
_ALSO_CALLED: Final[Mapping[str, str]] = {
    "website": "domain",
    "web_site": "domain",
    "e_mail": "email",
    "email_address": "email",
    "company": "name",
    "company_name": "name",
    "account_name": "name",
    "job_title": "title",
    "expiration": "contract_expiration",
}


def targets(
    schema: RecordSchema,
    fields: Iterable[str],
    definitions: Definitions,
    key_roles: Mapping[str, str],
) -> dict[str, Target]:
    """By name. `fields` are those of a row of the record type's bulk write; `key_roles` titles by
    key.
    """
    found: dict[str, TargetType] = {}
    for name in fields:
        if name not in _NOT_FROM_FILES:
            column = schema.by_name.get(name)
            found[name] = _OF_COLUMNS.get(column.type, "text") if column else "text"
    if schema.related == "accounts":
        found |= _LINKS
    known = {name: Target(name, type_, name) for name, type_ in found.items()}
    for key, definition in definitions.items():
        if not _fillable(definition):
            continue
        name = f"traits.{key}"
        type_ = _OF_TRAITS.get(definition.type, "text")
        known[name] = Target(name, type_, key, definition.currency)
    if schema.related == "key_roles":
        for key, title in key_roles.items():
            known[f"key_roles.{key}"] = Target(f"key_roles.{key}", "members", title)
    return known


def _fillable(definition: Definition) -> bool:
    return not definition.deprecated and definition.type != "formula"


def proposed(columns: Sequence[str], known: Mapping[str, Target]) -> dict[str, str | None]:
    """A target for each column whose name says one. None for the others."""
    names: dict[str, str] = {}
    for target in known.values():
        names.setdefault(_said(target.name), target.name)
    for target in known.values():
        names.setdefault(_said(target.name.rpartition(".")[2]), target.name)
        names.setdefault(_said(target.title), target.name)
    for called, name in _ALSO_CALLED.items():
        if name in known:
            names.setdefault(called, name)
    mapping: dict[str, str | None] = {}
    for column in columns:
        target_name = names.get(_said(column))
        mapping[column] = None if target_name in mapping.values() else target_name
    return mapping


def _said(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_")


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


def detected_formats(
    evidence: Shown, mapping: Mapping[str, str | None], known: Mapping[str, Target]
) -> dict[str, Guess[Any] | None]:
    """What the file shows of its formats in the columns that are mapped to dates and numbers."""

    def columns(*types: TargetType) -> list[str]:
        return [
            column
            for column, name in mapping.items()
            if (target := known.get(name or "")) and target.type in types
        ]

    return {
        "dates": guessed(evidence, columns("date", "datetime"), ORDERS),
        "decimals": guessed(evidence, columns("number", "amount"), SIGNS),
    }


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a row is rejected. `column` None: not for one of its cells."""

    column: str | None
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "code": self.code, "message": self.message}


@dataclass(frozen=True)
class Reading:
    """How the rows of one file become rows of a bulk write."""

    columns: Sequence[str]
    mapping: Mapping[str, str | None]
    known: Mapping[str, Target]
    amounts: Amounts
    empty_cells: EmptyCells
    linked: bool
    """An account that is named is one of the record's, not what it belongs to."""
    formats: Formats = AS_SHOWN
    evidence: Shown = field(default_factory=dict)

    def row(
        self, cells: Sequence[str], members: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[CellFault]]:
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
                value = value_of(target, cell, members, self.formats)
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
            elif self.linked and name in _LINKS:
                link[name] = value
            else:
                row[name] = value
        if link.get("account_id") or link.get("account_external_id"):
            row["accounts"] = [{name: value for name, value in link.items() if value is not None}]
        return row
