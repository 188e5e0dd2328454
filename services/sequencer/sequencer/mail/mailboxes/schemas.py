from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr, StringConstraints
from typing_extensions import TypeAliasType

from sequencer.mail.mailboxes.rows import MailboxState
from sequencer.mail.mailboxes.smtp import SmtpTls
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
MailboxTestStage = TypeAliasType(
    "MailboxTestStage",
    Annotated[
        Literal["connect", "auth"],
        Field(
            description="Where trying a mailbox failed: at reaching its server, or at logging in."
        ),
    ],
)
HOST: Any = Field(description="The name or address of the server.")
PORT: Any = Field(description="The port of the server; 587 by convention, 465 for `implicit`.")
TLS: Any = Field(
    description="How the connection is encrypted. `opportunistic` sends in clear when the server"
    " offers nothing better; it is accepted for hosts that the operator allows by address only."
)
USERNAME: Any = Field(description="The name to log in with; null: without logging in.")
PASSWORD: Any = Field(description="The password to log in with; sealed at once, never shown.")
OWNER: Any = Field(description="The member whose mailbox it is; null: it is shared.")
DISPLAY_NAME: Any = Field(description="The name of the sender as recipients see it.")
DAILY_CAP: Any = Field(description="How many mails leave by it on a day of the workspace at most.")


class SmtpIn(In):
    """The server that takes the mails of a mailbox (SMTP submission)."""

    host: Annotated[Host, HOST]
    port: Annotated[int, Field(ge=1, le=65_535), PORT] = 587
    tls: Annotated[SmtpTls, TLS] = "starttls"
    username: Annotated[Username | None, USERNAME] = None
    password: Annotated[Secret | None, PASSWORD] = None


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

    member_id: Annotated[UUID | None, OWNER] = None
    email: Annotated[Email, Field(description="The address that mails come from.")]
    display_name: Annotated[Title, DISPLAY_NAME]
    smtp: SmtpIn
    daily_cap: Annotated[Cap, DAILY_CAP] = 200


class SmtpPatch(Patch):
    """What changes of the server of a mailbox: a setting left out stays."""

    host: Annotated[Host | None, HOST] = None
    port: Annotated[Annotated[int, Field(ge=1, le=65_535)] | None, PORT] = None
    tls: Annotated[SmtpTls | None, TLS] = None
    username: Annotated[Username | None, USERNAME] = None
    password: Annotated[Secret | None, PASSWORD] = None


class MailboxPatch(Patch):
    """What changes of a mailbox: a field left out keeps its value. Its address stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"daily_cap": 100}, {"smtp": {"password": "a new one"}}]}
    )

    member_id: Annotated[UUID | None, OWNER] = None
    display_name: Annotated[Title | None, DISPLAY_NAME] = None
    smtp: SmtpPatch | None = None
    daily_cap: Annotated[Cap | None, DAILY_CAP] = None


class SmtpOut(Out):
    """The server that takes the mails of a mailbox, without its password."""

    host: Annotated[str, HOST]
    port: Annotated[int, PORT]
    tls: SmtpTls
    username: Annotated[str | None, USERNAME]
    has_password: bool = Field(description="Whether a password is stored.")


class MailboxOut(Out):
    """An address that sequences send from."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_MAILBOX]})

    id: UUID
    version: int
    member_id: Annotated[UUID | None, OWNER]
    email: str = Field(description="The address that mails come from.")
    display_name: Annotated[str, DISPLAY_NAME]
    smtp: SmtpOut
    daily_cap: Annotated[int, DAILY_CAP]
    state: MailboxState
    pause_reason: str | None = Field(description="What its server said; null while it is active.")
    sent_today: int = Field(description="How many mails left by it on this day of the workspace.")
    created_at: datetime


class MailboxTest(Out):
    """What happened when we connected and logged in. Nothing was sent."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{"ok": True, "stage": None, "detail": None}]},
    )

    ok: bool = Field(description="Whether mails could leave by it.")
    stage: MailboxTestStage | None = Field(description="Where it failed; null when it did not.")
    detail: str | None = Field(description="What the server said; null when it worked.")
