"""What the columns of a file mean for a record."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from accounts_api.language.spreadsheets.evidence import Guess, Shown, guessed
from accounts_api.language.spreadsheets.formats import ORDERS, SIGNS
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.trait_values import Definition, Definitions
from shared.rules.types.fold import fold

ImportTargetType = TypeAliasType(
    "ImportTargetType",
    Annotated[
        Literal[
            "text", "number", "amount", "boolean", "date", "datetime", "list", "member", "members"
        ],
        Field(description="How the cells of a column are read."),
    ],
)
AmountUnits = TypeAliasType(
    "AmountUnits",
    Annotated[
        Literal["minor", "major"],
        Field(
            description="How a file writes money: in `minor` units (4800000) or `major` ones"
            " (48000.00)."
        ),
    ],
)
EmptyCells = TypeAliasType(
    "EmptyCells",
    Annotated[
        Literal["leave", "clear"],
        Field(
            description="What an empty cell of a file says: `leave` the value as it is, or `clear`"
            " it."
        ),
    ],
)

_OF_TRAITS: Final[Mapping[str, ImportTargetType]] = {
    "number": "number",
    "currency": "amount",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "multi_select": "list",
    "member": "member",
}
_OF_COLUMNS: Final[Mapping[str, ImportTargetType]] = {
    "bigint": "amount",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "datetime",
}
LINKS: Final[Mapping[str, ImportTargetType]] = {
    "account_external_id": "text",
    "account_id": "text",
    "plan_roles": "list",
}
_NOT_FROM_FILES: Final = frozenset(
    {
        "allow_implausible",
        "traits",
        "key_roles",
        "accounts",
        "deleted",
        "restore",
        "merged_into_external_id",
    }
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


@dataclass(frozen=True, slots=True)
class Target:
    """Something of a record that a column can be mapped to."""

    name: str
    type: ImportTargetType
    title: str
    currency: str | None = None
    """Of a trait, whose amounts are all of one currency."""


def targets(
    schema: RecordSchema,
    fields: Iterable[str],
    definitions: Definitions,
    key_roles: Mapping[str, str],
) -> dict[str, Target]:
    """By name. `fields` are those of a row of the record type's bulk write; `key_roles` titles by
    key.
    """
    found: dict[str, ImportTargetType] = {}
    for name in fields:
        if name not in _NOT_FROM_FILES:
            column = schema.by_name.get(name)
            found[name] = _OF_COLUMNS.get(column.type, "text") if column else "text"
    found["effective_at"] = "datetime"
    if schema.related == "accounts":
        found |= LINKS
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


def detected_formats(
    evidence: Shown, mapping: Mapping[str, str | None], known: Mapping[str, Target]
) -> dict[str, Guess[Any] | None]:
    """What the file shows of its formats in the columns that are mapped to dates and numbers."""

    def columns(*types: ImportTargetType) -> list[str]:
        return [
            column
            for column, name in mapping.items()
            if (target := known.get(name or "")) and target.type in types
        ]

    return {
        "dates": guessed(evidence, columns("date", "datetime"), ORDERS),
        "decimals": guessed(evidence, columns("number", "amount"), SIGNS),
    }
