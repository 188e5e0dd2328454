"""Bases of request and response bodies.

Every body refuses fields it does not know, and values of another JSON type than its field's: no
`"5"` or `true` for a number, no number for a date. Text refuses NUL and lone surrogates, which
PostgreSQL and UTF-8 cannot hold; integers fit a bigint.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import override

from shared.countries import UnknownCountry, country_code
from shared.currencies import known_currency
from shared.email_addresses import LONGEST, InvalidEmail, normal_email
from shared.json_types import take_json_types_only
from shared.plain_values import addressable, named_zone, near_day, near_instant, one_line

MAX_SAFE = 2**53 - 1


class In(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)

    @classmethod
    @override
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        take_json_types_only(handler.resolve_ref_schema(schema))
        return schema


class Patch(In):
    """JSON merge patch (RFC 7396): a field left out stays, null clears."""

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
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST),
    AfterValidator(_normal_email),
    Field(json_schema_extra={"format": "idn-email"}),
]
"""In the form of `shared.email_addresses`, which says what an address may be."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(known_currency)]
Country = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(_country),
    Field(description="ISO 3166, such as DE. Other codes and names are brought into this form."),
]
Minor = Annotated[int, Field(ge=-MAX_SAFE, le=MAX_SAFE, description="Minor units, such as cents.")]
TimeZone = Annotated[str, AfterValidator(named_zone)]
Day = Annotated[date, AfterValidator(near_day)]
Instant = Annotated[AwareDatetime, AfterValidator(near_instant)]
"""With its offset, which is then gone: UTC."""
ExternalId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(addressable),
]
