"""Trait definitions as they are stored."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import from_json, to_jsonable_python
from typing_extensions import TypeAliasType

TraitType = TypeAliasType(
    "TraitType",
    Annotated[
        Literal[
            "string",
            "text",
            "number",
            "boolean",
            "date",
            "datetime",
            "currency",
            "select",
            "multi_select",
            "url",
            "email",
            "member",
            "contact",
            "formula",
        ],
        Field(description="What the values of a trait are."),
    ],
)
FormulaResultType = TypeAliasType(
    "FormulaResultType",
    Annotated[
        Literal["string", "number", "boolean", "date", "datetime", "currency"],
        Field(description="What the values of a formula are."),
    ],
)
"""What the values of a formula trait may be."""
EditableBy = TypeAliasType(
    "EditableBy",
    Annotated[
        Literal["everyone", "leaders", "admins", "source"],
        Field(
            description="Who may change the values of a trait; `source` is only the connection"
            " that it comes from."
        ),
    ],
)


@dataclass(frozen=True)
class Option:
    """`when` narrows a dependent picklist: the option is offered only beside these values of the
    select that the definition depends on.
    """

    value: str
    when: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Definition:
    key: str
    type: TraitType
    options: tuple[Option, ...] = ()
    depends_on: str | None = None
    currency: str | None = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    default: Any = None
    editable_by: EditableBy = "everyone"
    deprecated: bool = False
    id: str = ""
    formula: str | None = None
    result_type: FormulaResultType | None = None

    @property
    def value_type(self) -> TraitType:
        """What the values are."""
        return self.result_type or self.type

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = to_jsonable_python(asdict(self))
        for bound in ("minimum", "maximum"):
            said[bound] = None if said[bound] is None else float(said[bound])
        return said

    @cached_property
    def allowed(self) -> Mapping[str, Option]:
        return {option.value: option for option in self.options}


Definitions = Mapping[str, Definition]


@lru_cache(maxsize=1024)
def read_definitions(document: str) -> Definitions:
    """From the rows as a JSON array. The same text is read once: definitions seldom change."""
    return {row["key"]: read_definition(row) for row in from_json(document)}


def read_definition(row: Mapping[str, Any]) -> Definition:
    """The inverse of `as_json`; what another release says besides is left aside."""
    known = {field.name: row[field.name] for field in fields(Definition) if field.name in row}
    return Definition(**{**known, "options": tuple(readable_options(row.get("options")))})


def readable_options(stored: Any) -> Iterator[Option]:
    """Those of a stored definition that can be read today: another one costs only itself."""
    for option in stored if isinstance(stored, list) else ():
        match option:
            case {"value": str() as value, "when": list() as when}:
                yield Option(value, tuple(when))
            case {"value": str() as value}:
                yield Option(value)
