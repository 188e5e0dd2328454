from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.schemas import In, KeyOrId, Slug

_Pair = Annotated[str, StringConstraints(pattern="^[^:]*:")]


class ReferencesIn(In):
    """What somebody's body names."""

    record: list[_Pair] = Field(default=[], description="`<record type>:<id>`.")
    external_id: list[_Pair] = Field(default=[], description="`<record type>:<external id>`.")
    field: list[_Pair] = Field(
        default=[],
        description="`<record type>:<name>`, such as `account:traits.tier`; no type means any.",
    )
    member: list[UUID] = []
    key_role: list[Slug] = []
    segment: Annotated[list[KeyOrId], Field(description="Ids and keys.")] = []
