from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.auth import RESOURCES, CredentialRole, SubjectType
from shared.schemas import In, Instant, Out, Title

SCOPES = frozenset(
    {"*", "*:read"} | {f"{name}:{verb}" for name in RESOURCES for verb in ("read", "write")}
)


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError("Not a scope. A scope is `<resource>:read`, `<resource>:write`, `*:read`.")
    return scope


Scope = TypeAliasType(
    "Scope",
    Annotated[
        str,
        AfterValidator(_known),
        Field(
            description="What a key may do: to read or to write a kind of thing; `*:read` is to"
            " read all, `*` everything.",
            json_schema_extra={"enum": sorted(SCOPES)},
        ),
    ],
)

_KEY: dict[str, Any] = {
    "id": "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d",
    "name": "Warehouse export",
    "prefix": "tnr_live_2f4e6a8c0b1d",
    "role": "observer",
    "member_id": None,
    "scopes": ["records:read", "events:read"],
    "read_only": True,
    "expires_at": "2027-01-31T00:00:00Z",
    "revoked_at": None,
    "previous_secret_expires_at": None,
    "last_used_at": None,
    "created_at": "2026-10-05T08:00:00Z",
}


class ApiKeyIn(In):
    """Give either `role`, for a key of the workspace, or `member_id`, for a member's own key, which
    may what the member may at that moment. A key of the role `integration`, for a partner's
    program, may what its `scopes` name and nothing else.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Warehouse export",
                    "role": "observer",
                    "scopes": ["records:read", "events:read"],
                    "read_only": True,
                    "expires_at": "2027-01-31T00:00:00Z",
                }
            ]
        }
    )

    name: Title = Field(
        description="What people tell the key by, such as the program that uses it."
    )
    role: CredentialRole | None = Field(
        default=None,
        description="The role of a key that belongs to the workspace. Null with `member_id`.",
    )
    member_id: UUID | None = Field(
        default=None,
        description="The member whose own key it is: it may do what they may do at that moment, and"
        " ends with their access. Null with `role`.",
    )
    scopes: Annotated[list[Scope], Field(max_length=len(SCOPES))] | None = Field(
        default=None,
        description="Narrows what the role may, and names nothing beyond it; null means all of it."
        " The role `integration` has no other rights than these, named one by one.",
    )
    read_only: bool = Field(
        default=False,
        description="True keeps the key from every write, whatever its role and scopes say.",
    )
    expires_at: Instant | None = Field(
        default=None,
        description="The instant from which the key is refused, by the real clock in a sandbox,"
        " too. Null means never.",
    )


class ApiKeyRoll(In):
    """How an API key gets a new secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_seconds": 3600}]})

    overlap_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = Field(
        default=0, description="How long the old secret stays valid beside the new one."
    )


class ApiKeyOut(Out):
    """An API key without its secret, which is shown once, when the key is created or rolled."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    id: UUID
    name: str = Field(description="What people tell the key by, such as the program that uses it.")
    prefix: str = Field(
        description="How the secret begins, by which a key is recognised where it is used."
    )
    role: CredentialRole | None = Field(
        description="The role of a key that belongs to the workspace; null of a member's own key."
    )
    member_id: UUID | None = Field(
        description="The member whose own key it is; null of a key that belongs to the workspace."
    )
    scopes: list[str] | None = Field(
        description="What the rights of its role are narrowed to; null means all of them."
    )
    read_only: bool = Field(description="Whether the key is kept from every write.")
    expires_at: datetime | None = Field(
        description="The instant from which the key is refused; null means never."
    )
    revoked_at: datetime | None = Field(
        description="When the key was revoked, which is for good, or its member deactivated; null"
        " until then."
    )
    previous_secret_expires_at: datetime | None = Field(
        description="Until when the secret before the last roll stays valid; null when it ended at"
        " once."
    )
    last_used_at: datetime | None = Field(
        description="When the key was last used, to the minute; null when it never was."
    )
    created_at: datetime


class ApiKeyWithSecret(ApiKeyOut):
    """The only answer that holds the secret: it is stored hashed and cannot be shown again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_KEY, "secret": "tnr_live_2f4e6a8c0b1d_<43 random characters><checksum>"}
            ]
        }
    )

    secret: str = Field(
        description="The key itself, to be sent as a bearer token. Store it now, because it cannot"
        " be shown again."
    )


class Introspection(In):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SubjectNamed(In):
    type: SubjectType
    id: UUID
