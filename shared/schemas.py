"""Bases of request and response bodies.

Every body refuses fields it does not know, and values of another JSON type than its field's: no
`"5"` or `true` for a number, no number for a date. Text refuses NUL and lone surrogates, which
PostgreSQL and UTF-8 cannot hold; integers fit a bigint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import override

from shared.logging import get_logger
from shared.mail.addresses import LONGEST, InvalidEmail, normal_email
from shared.values.countries import UnknownCountry, country_code
from shared.values.currencies import known_currency
from shared.values.json_types import allow_json_types_only
from shared.values.plain import (
    EARLIEST,
    FIRST_DAY,
    LAST_DAY,
    LATEST,
    addressable,
    named_zone,
    near_day,
    near_instant,
    one_line,
)

log = get_logger(__name__)

MAX_SAFE = 2**53 - 1
KEY_OR_ID = "key-or-id"
"""The format that the OpenAPI document gives to what may be either."""
LONGEST_KEY = 127
"""Characters, of a key with what it is unique in: `account.tier`."""
LONGEST_TEXT = 100_000
"""Characters, of a text without a bound of its own."""


class In(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_max_length=LONGEST_TEXT)

    @classmethod
    @override
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        allow_json_types_only(handler.resolve_ref_schema(schema))
        return schema


class Patch(In):
    """JSON merge patch (RFC 7396): a field left out keeps its value, null clears it."""

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Without defaults: what Python needs for a field left out is not what a client gets."""
        schema = handler(core_schema)
        for field in handler.resolve_ref_schema(schema).get("properties", {}).values():
            field.pop("default", None)
        return schema


class Out(BaseModel):
    """What a client gets; read from rows or objects."""

    model_config = ConfigDict(from_attributes=True)


@dataclass(frozen=True, slots=True)
class IfUnreadable:
    """Marks a field that comes out of a stored document, with what is shown when today's release
    cannot read what is stored there.
    """

    shown: Any


class StoredOut(Out):
    """A row with documents in it. One that an older release stored and this one cannot read must
    not keep the rest of its list from being shown.
    """

    unreadable: str | None = Field(
        default=None,
        description="Which fields hold something that cannot be read any more, and are shown as if"
        " empty until they are saved again. Null: everything can be read.",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _skip_unreadable(cls, row: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(row)
        except ValidationError as error:
            faulty = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
            shown = {name: cls._shown(name, error) for name in faulty}
            log.error("a stored document cannot be read", model=cls.__name__, fields=sorted(faulty))  # noqa: TRY400
        fields = row if isinstance(row, Mapping) else {n: getattr(row, n) for n in cls.row_fields()}
        names = ", ".join(f"`{name}`" for name in sorted(faulty))
        message = f"What is stored of {names} cannot be read any more; save it again."
        return handler({**fields, **shown, "unreadable": message})

    @classmethod
    def row_fields(cls) -> list[str]:
        """Names of the fields that a row has."""
        return [name for name in cls.model_fields if name != "unreadable"]

    @classmethod
    def _shown(cls, name: str, error: ValidationError) -> Any:
        """Raises `error` for a field that comes out of no document."""
        for mark in cls.model_fields[name].metadata:
            if isinstance(mark, IfUnreadable):
                return mark.shown
        raise error


Traits = Annotated[
    dict[str, Any],
    Field(
        max_length=500,
        description="By key. On a change: absent stays, null clears. See `/v1/traits`.",
    ),
]


def _country(value: str) -> str:
    try:
        return country_code(value)
    except UnknownCountry as error:
        raise PydanticCustomError("unknown_country", "{advice}", {"advice": str(error)}) from error


def _normal_email(value: str) -> str:
    try:
        return normal_email(value)
    except InvalidEmail as error:
        raise PydanticCustomError("invalid_address", "{advice}", {"advice": str(error)}) from error


OneLine = AfterValidator(one_line)
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), OneLine
]
_LONGEST_NAME = 255
"""What a CRM lets a name have."""
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST_NAME), OneLine
]
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=_LONGEST_NAME), OneLine
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
OwnKey = Annotated[
    str,
    Field(
        description="A word for it that is the same in every workspace; it stands wherever the id"
        " does, and changes by a rename alone."
    ),
]
"""Of what a workspace configures."""
NewKey = Annotated[
    Slug | None,
    Field(
        description="A word for it that is the same in every workspace, and stands wherever the id"
        " does. Null: one that is made of the title, with a number when others have that."
    ),
]
KeyOrId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_KEY),
    OneLine,
    Field(json_schema_extra={"format": KEY_OR_ID}),
]
"""What a workspace configures, by its key or its id: `shared.keys` resolves it."""
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST),
    AfterValidator(_normal_email),
    Field(json_schema_extra={"format": "idn-email"}),
]
"""In the form of `shared.mail.addresses`, which says what an address may be."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(known_currency)]
Country = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(_country),
    Field(description="ISO 3166, such as DE. Other codes and names are brought into this form."),
]
Minor = Annotated[int, Field(ge=-MAX_SAFE, le=MAX_SAFE, description="Minor units, such as cents.")]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(named_zone)]
Day = Annotated[
    date,
    AfterValidator(near_day),
    Field(json_schema_extra={"x-minimum": str(FIRST_DAY), "x-maximum": str(LAST_DAY)}),
]
Instant = Annotated[
    AwareDatetime,
    AfterValidator(near_instant),
    Field(
        json_schema_extra={
            "x-minimum": EARLIEST.isoformat(),
            "x-maximum": LATEST.isoformat(),
        }
    ),
]
"""With its offset, which is then gone: UTC."""
ExternalId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(addressable),
]
Source = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    OneLine,
    Field(description="Where the record comes from, such as `salesforce`."),
]
