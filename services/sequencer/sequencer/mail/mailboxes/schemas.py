from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr, StringConstraints

from shared.schemas import Email, In, OneLine, Out, Patch, Title

_ID = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
_SMTP_OUT: dict[str, Any] = {
    "host": "smtp.northwind.example",
    "port": 587,
    "tls": "starttls",
    "username": "dana@northwind.example",
    "has_password": True,
}
_MAILBOX: dict[str, Any] = {
    "id": _ID,
    "version": 1,
    "member_id": "0198c0de-1111-7c3e-9b5d-2f4e6a8c0b1d",
    "email": "dana@northwind.example",
    "display_name": "Dana Reyes",
    "smtp": _SMTP_OUT,
    "daily_cap": 200,
    "state": "active",
    "pause_reason": None,
    "sent_today": 12,
    "created_at": "2026-10-05T08:00:00Z",
}
_SMTP_IN: dict[str, Any] = {
    "host": "smtp.northwind.example",
    "port": 587,
    "username": "dana@northwind.example",
    "password": "app password of the mailbox",
}

Host = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[a-z0-9.:_-]{1,253}$")
]
Username = Annotated[str, StringConstraints(min_length=1, max_length=320), OneLine]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
Cap = Annotated[int, Field(ge=0, le=100_000)]


class SmtpIn(In):
    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    tls: Literal["implicit", "starttls", "opportunistic"] = Field(
        default="starttls",
        description="`opportunistic` sends in clear when the server offers nothing better; it is"
        " accepted for hosts that the operator allows by address only.",
    )
    username: Username | None = None
    password: Secret | None = None


class MailboxIn(In):
    """A mailbox of a member sends what a sequence says in the name of that member's key role; one
    without a member is shared.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "member_id": _MAILBOX["member_id"],
                    "email": "dana@northwind.example",
                    "display_name": "Dana Reyes",
                    "smtp": _SMTP_IN,
                    "daily_cap": 200,
                }
            ]
        }
    )

    member_id: UUID | None = None
    email: Email
    display_name: Title
    smtp: SmtpIn
    daily_cap: Cap = 200


class SmtpPatch(Patch):
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    tls: Literal["implicit", "starttls", "opportunistic"] | None = None
    username: Username | None = None
    password: Secret | None = None


class MailboxPatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"daily_cap": 100}, {"smtp": {"password": "a new one"}}]}
    )

    member_id: UUID | None = None
    display_name: Title | None = None
    smtp: SmtpPatch | None = None
    daily_cap: Cap | None = None


class SmtpOut(Out):
    host: str
    port: int
    tls: Literal["implicit", "starttls", "opportunistic"]
    username: str | None
    has_password: bool


class MailboxOut(Out):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_MAILBOX]})

    id: UUID
    version: int
    member_id: UUID | None
    email: str
    display_name: str
    smtp: SmtpOut
    daily_cap: int
    state: Literal["active", "paused"]
    pause_reason: str | None
    sent_today: int
    created_at: datetime


class MailboxTest(Out):
    """What happened when we connected and logged in. Nothing was sent."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"ok": True, "stage": None, "detail": None}]},
    )

    ok: bool
    stage: Literal["connect", "auth"] | None
    detail: str | None
