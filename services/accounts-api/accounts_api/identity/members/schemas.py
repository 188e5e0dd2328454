from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from shared.auth import Role
from shared.schemas import Email, ExternalId, In, Name, Out, Patch, TimeZone

_MEMBER: dict[str, Any] = {
    "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "full_name": "Grace Hopper",
    "email": "grace@example.com",
    "role": "team_member",
    "time_zone": "Europe/Berlin",
    "external_id": "0055g00000AbCdE",
    "active": True,
    "version": 3,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-02-11T14:30:00Z",
}
_GIVEN = {key: _MEMBER[key] for key in ("full_name", "email", "role", "time_zone", "external_id")}


class MemberIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    full_name: Name
    email: Email
    role: Role = "observer"
    time_zone: TimeZone | None = None
    external_id: ExternalId | None = None


class MemberPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "leader"}]})

    full_name: Name = ""
    email: Email = ""
    role: Role = "observer"
    time_zone: TimeZone | None = None
    external_id: ExternalId | None = None


class MemberUpsert(Patch):
    """What a CRM says of its user. A field left out stays as it is here, so that roles and seats
    remain the workspace's own decision. A new member needs a name and an e-mail address.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"full_name": "Grace Hopper", "email": "grace@example.com", "active": True}
            ]
        }
    )

    full_name: Name = ""
    email: Email = ""
    role: Role = "observer"
    time_zone: TimeZone | None = None
    active: bool = True


class MemberOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_MEMBER]})

    id: UUID
    full_name: str
    email: str
    role: Role
    time_zone: str | None
    external_id: str | None
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
