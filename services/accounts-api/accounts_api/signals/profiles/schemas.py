from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.schemas import In, OneLine, Out, Patch

ProfileKind = TypeAliasType(
    "ProfileKind",
    Annotated[
        Literal["user", "group"],
        Field(
            description="Of whom something was said: a user (`identify`), who is a contact, or a"
            " group (`group`), which is an account."
        ),
    ],
)
TraitName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="The trait as the product's SDK calls it, such as `planName`.",
    ),
    OneLine,
]
MappedField = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        description="What it is written to: `traits.<key>` of the contact or the account, or one"
        " of their own fields: `email`, `first_name`, `last_name`, `name`, `phone`, `time_zone`,"
        " `title` of a contact; `country`, `domain`, `name`, `time_zone` of an account.",
    ),
    OneLine,
]
_MAPPING: dict[str, Any] = {"kind": "user", "name": "jobTitle", "field": "title"}
_FAULT: dict[str, Any] = {
    "external_id": "u-4711",
    "code": "wrong_type",
    "message": "A number such as 12.5.",
    "at": "2026-03-02T09:00:00Z",
}


class TraitMappingIn(In):
    """A trait of the product's users or groups that becomes a field of contacts or accounts."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAPPING]})

    kind: ProfileKind
    name: TraitName
    field: MappedField


class TraitMappingPatch(Patch):
    """Another field for the same trait."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"field": "traits.job_title"}]})

    field: MappedField | None = None


class TraitMappingOut(Out):
    """A trait of the product's users or groups that becomes a field of contacts or accounts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0301-7a3b-8c4d-5e6f708192a3",
                    **_MAPPING,
                    "version": 1,
                    "created_at": "2026-03-02T09:00:00Z",
                    "updated_at": "2026-03-02T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    kind: ProfileKind
    name: str = Field(description="The trait as the product's SDK calls it.")
    field: str = Field(description="The field of the contact or the account that it becomes.")
    version: int
    created_at: datetime
    updated_at: datetime


class TraitRefusal(Out):
    """A value that could not be written."""

    external_id: str = Field(description="The `userId` or `groupId` of which it was said.")
    code: str = Field(description="The kind of fault, which is stable, such as `wrong_type`.")
    message: str = Field(description="What is wrong and what to do, for people.")
    at: datetime = Field(description="When it was to be written.")


class ProductTraitOut(Out):
    """A trait that the product's SDKs have said of users or groups."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "user",
                    "name": "jobTitle",
                    "field": "title",
                    "profiles": 128,
                    "refused": 0,
                    "first_seen_at": "2026-01-12T10:00:00Z",
                    "last_seen_at": "2026-03-02T09:00:00Z",
                    "last_refusal": None,
                },
                {
                    "kind": "group",
                    "name": "seats",
                    "field": "traits.seats",
                    "profiles": 12,
                    "refused": 1,
                    "first_seen_at": "2026-01-12T10:00:00Z",
                    "last_seen_at": "2026-03-02T09:00:00Z",
                    "last_refusal": _FAULT,
                },
            ]
        }
    )

    kind: ProfileKind
    name: str = Field(description="The trait as the product's SDK calls it.")
    field: str | None = Field(
        description="The field of contacts or accounts that it becomes; null: it is mapped to none,"
        " and kept until it is."
    )
    profiles: int = Field(description="Of how many users or groups it has been said.")
    refused: int = Field(description="How often a value of it could not be written.")
    first_seen_at: datetime = Field(description="When it was first said.")
    last_seen_at: datetime = Field(description="When it was last said of another user or group.")
    last_refusal: TraitRefusal | None = Field(
        description="The last value that could not be written; null while all could."
    )
