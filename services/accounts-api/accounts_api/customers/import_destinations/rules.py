"""What the columns of a file can be mapped to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from accounts_api.records.schema.record_schemas import RecordSchema
from shared.traits.definitions import Definition, Definitions

ImportTargetType = TypeAliasType(
    "ImportTargetType",
    Annotated[
        Literal[
            "text", "number", "amount", "boolean", "date", "datetime", "list", "member", "members"
        ],
        Field(description="How the cells of a column are read."),
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


@dataclass(frozen=True, slots=True)
class Target:
    """Something of a record that a column can be mapped to."""

    name: str
    type: ImportTargetType
    title: str
    currency: str | None = None
    """Of a trait, whose amounts are all of one currency."""
    former_members: bool = False
    """Whether members who were deactivated are found by their addresses, too."""


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
    known |= targets_of_traits(definitions)
    if schema.related == "key_roles":
        for key, title in key_roles.items():
            known[f"key_roles.{key}"] = Target(f"key_roles.{key}", "members", title)
    return known


def targets_of_traits(definitions: Definitions) -> dict[str, Target]:
    return {
        name: Target(name, _OF_TRAITS.get(definition.type, "text"), key, definition.currency)
        for key, definition in definitions.items()
        if _fillable(definition)
        for name in (f"traits.{key}",)
    }


def of_fields(
    shape: type[BaseModel],
    types: Mapping[str, ImportTargetType],
    *,
    former_members: Collection[str] = (),
) -> dict[str, Target]:
    """By name: the fields of a row that is no record; those without a type are text."""
    return {
        name: Target(name, types.get(name, "text"), name, former_members=name in former_members)
        for name in shape.model_fields
    }


def _fillable(definition: Definition) -> bool:
    return not definition.deprecated and definition.type != "formula"
