"""Bases of request and response bodies.

Every body refuses fields it does not know. Text refuses NUL and lone surrogates, which PostgreSQL
and UTF-8 cannot hold; integers fit a bigint.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_SAFE = 2**53 - 1


class In(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)


class Patch(In):
    """JSON merge patch (RFC 7396): a field left out stays, null clears."""

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class Out(BaseModel):
    """What a client gets; read from rows or objects."""

    model_config = ConfigDict(from_attributes=True)


def _named_zone(value: str) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415  (reads the disk; only when asked)

    if value not in available_timezones():
        raise ValueError("Use an IANA time zone such as 'Europe/Berlin'.")
    return value


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=-MAX_SAFE, le=MAX_SAFE, description="Minor units, such as cents.")]
TimeZone = Annotated[str, AfterValidator(_named_zone)]
ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
