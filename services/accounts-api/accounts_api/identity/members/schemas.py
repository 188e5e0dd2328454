from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.accounts import MemberRole
from shared.schemas import Email, ExternalId, In, KeyOrId, Name, Out, Patch, TimeZone

_MEMBER: dict[str, Any] = {
    "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "full_name": "Grace Hopper",
    "email": "grace@example.com",
    "role": "team_member",
    "time_zone": "Europe/Berlin",
    "external_id": "0055g00000AbCdE",
    "calendar_id": None,
    "active": True,
    "version": 3,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-02-11T14:30:00Z",
}
_GIVEN = {key: _MEMBER[key] for key in ("full_name", "email", "role", "time_zone", "external_id")}


Pool = Annotated[
    list[UUID],
    Field(
        max_length=200,
        description="The ids of the members among whom `algorithm` chooses; whoever was deactivated"
        " is passed over.",
    ),
]


class MemberIn(In):
    """A member to be added: a person of the workspace who signs in."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    full_name: Name = Field(description="The person's name, as others see it.")
    email: Email = Field(
        description="The person's e-mail address, unique among members without regard to case."
    )
    role: MemberRole = Field(
        default="observer",
        description="What the member may do. Every role but `observer` takes a paid seat.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Where the member works, as an IANA name such as `Europe/Berlin`; null means"
        " the workspace's time zone.",
    )
    external_id: ExternalId | None = Field(
        default=None,
        description="The member's id in your system, unique among members; null when there is"
        " none.",
    )
    calendar_id: KeyOrId | None = Field(
        default=None,
        description="The id or key of the calendar the member works by; null means the workspace's"
        " default.",
    )


class MemberPatch(Patch):
    """The fields of a member to change; one that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "leader"}]})

    full_name: Name = Field(default="", description="The person's name, as others see it.")
    email: Email = Field(
        default="",
        description="The person's e-mail address, unique among members without regard to case.",
    )
    role: MemberRole = Field(
        default="observer",
        description="What the member may do. Nobody can give a role that may do more than their"
        " own, and the last admin stays one.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Where the member works, as an IANA name; null means the workspace's time"
        " zone.",
    )
    external_id: ExternalId | None = Field(
        default=None,
        description="The member's id in your system, unique among members; null takes it away.",
    )
    calendar_id: KeyOrId | None = Field(
        default=None,
        description="The id or key of the calendar the member works by; null means the workspace's"
        " default.",
    )


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

    full_name: Name = Field(
        default="", description="The person's name, as others see it. A new member needs one."
    )
    email: Email = Field(
        default="",
        description="The person's e-mail address, unique among members without regard to case. A"
        " new member needs one.",
    )
    role: MemberRole = Field(
        default="observer",
        description="What the member may do. A new member is an observer when this is left out.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Where the member works, as an IANA name; null means the workspace's time"
        " zone.",
    )
    calendar_id: KeyOrId | None = Field(
        default=None,
        description="The id or key of the calendar the member works by; null means the workspace's"
        " default.",
    )
    active: bool = Field(
        default=True,
        description="False ends the member's access, as deactivating them does; true gives it"
        " back.",
    )


class MemberRow(MemberUpsert):
    """A member as a row of a file has them: known by the e-mail address. A field left out stays."""

    external_id: ExternalId | None = Field(
        default=None,
        description="The member's id in your system, unique among members; null takes it away.",
    )


class MemberOut(Out):
    """A member: a person of the workspace who signs in, with a role."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEMBER]})

    id: UUID
    full_name: str = Field(description="The person's name, as others see it.")
    email: str = Field(
        description="The person's e-mail address, unique among members without regard to case."
    )
    role: MemberRole = Field(
        description="What the member may do. Every role but `observer` takes a paid seat."
    )
    time_zone: str | None = Field(
        description="Where the member works, as an IANA name; null means the workspace's time zone."
    )
    external_id: str | None = Field(
        description="The member's id in your system; null when there is none."
    )
    calendar_id: UUID | None = Field(
        description="The id of the calendar the member works by; null means the workspace's"
        " default."
    )
    active: bool = Field(
        description="False once the member was deactivated: they cannot sign in, have no key and"
        " take no seat."
    )
    version: int
    created_at: datetime
    updated_at: datetime
