"""Bases of request and response bodies.

Every body refuses fields it does not know. Text refuses NUL and lone surrogates, which PostgreSQL
and UTF-8 cannot hold; integers fit a bigint.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import override

from shared.email_addresses import LONGEST, InvalidEmail, normal_email

MAX_SAFE = 2**53 - 1
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class In(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)


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


def _named_zone(value: str) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415  (reads the disk; only when asked)

    if value not in available_timezones():
        raise ValueError("Use an IANA time zone such as 'Europe/Berlin'.")
    return value


def _normal_email(value: str) -> str:
    try:
        return normal_email(value)
    except InvalidEmail as error:
        raise PydanticCustomError("invalid_address", "{advice}", {"advice": str(error)}) from error


def _within_reach(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("Use an instant between the years 1900 and 2200.")
    return value.astimezone(UTC)


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST),
    AfterValidator(_normal_email),
    Field(json_schema_extra={"format": "idn-email"}),
]
"""In the form of `shared.email_addresses`, which says what an address may be."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=-MAX_SAFE, le=MAX_SAFE, description="Minor units, such as cents.")]
TimeZone = Annotated[str, AfterValidator(_named_zone)]
Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""With its offset, which is then gone: UTC. At the ends of the calendar a zone's offset leads to
days that neither Python nor PostgreSQL can name.
"""
ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
