from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from shared.auth import RESOURCES, CredentialRole, SubjectType
from shared.schemas import In, Instant, Out, Title

SCOPES = frozenset(
    {"*", "*:read"} | {f"{name}:{verb}" for name in RESOURCES for verb in ("read", "write")}
)


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError("Not a scope. A scope is `<resource>:read`, `<resource>:write`, `*:read`.")
    return scope


Scope = Annotated[str, AfterValidator(_known)]

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

    name: Title
    role: CredentialRole | None = None
    member_id: UUID | None = None
    scopes: Annotated[list[Scope], Field(max_length=len(SCOPES))] | None = Field(
        default=None,
        description="Narrows what the role may, and names nothing beyond it; null means all of it."
        " The role `integration` has no other rights than these, named one by one.",
    )
    read_only: bool = False
    expires_at: Instant | None = None


class ApiKeyRoll(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_seconds": 3600}]})

    overlap_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = Field(
        default=0, description="How long the old secret stays valid beside the new one."
    )


class ApiKeyOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    id: UUID
    name: str
    prefix: str
    role: CredentialRole | None
    member_id: UUID | None
    scopes: list[str] | None
    read_only: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    previous_secret_expires_at: datetime | None = Field(
        description="Until when the secret before the last roll stays valid."
    )
    last_used_at: datetime | None = Field(description="To the minute.")
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

    secret: str


class Introspection(In):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SubjectNamed(In):
    type: SubjectType
    id: UUID
