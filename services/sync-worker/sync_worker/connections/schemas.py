from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from shared.schemas import Currency, Email, In, OneLine, Out, Patch, Title

System = Literal["salesforce", "imap"]
Status = Literal["ok", "failing", "needs_reauth", "paused"]

_Host = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253), OneLine
]
_Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), OneLine
]
_Url = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=500, pattern=r"^https?://[^/?#\s]+/?$", to_lower=True
    ),
]
_Version = Annotated[str, StringConstraints(pattern=r"^v\d{2,3}\.0$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
Lag = Annotated[
    int,
    Field(
        ge=0,
        le=3_600,
        description="How far behind Salesforce's clock a read ends, so that changes whose "
        "transaction commits late are not missed.",
    ),
]

SALESFORCE_EXAMPLE: dict[str, Any] = {
    "system": "salesforce",
    "title": "Salesforce",
    "login_url": "https://acme.my.salesforce.com",
    "client_id": "3MVG9xExampleConsumerKey",
    "client_secret": "an-example-secret",
}
IMAP_EXAMPLE: dict[str, Any] = {
    "system": "imap",
    "title": "Ana's inbox",
    "host": "imap.example.com",
    "port": 993,
    "username": "ana@acme.example",
    "password": "an-example-app-password",
    "mailbox": "ana@acme.example",
    "folder": "INBOX",
}


def _can_sign(value: SecretStr) -> SecretStr:
    try:
        RSAKey.import_key(value.get_secret_value())
    except (JoseError, ValueError) as error:
        raise ValueError("Use an RSA private key in PEM.") from error
    return value


PrivateKey = Annotated[SecretStr, AfterValidator(_can_sign)]


class SalesforceConnectionIn(In):
    """`client_secret` alone signs in as the app (client credentials, on My Domain only);
    `private_key` with `username` by JWT bearer; `refresh_token` as the person who consented.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                SALESFORCE_EXAMPLE,
                {
                    **{k: v for k, v in SALESFORCE_EXAMPLE.items() if k != "client_secret"},
                    "login_url": "https://login.salesforce.com",
                    "private_key": "-----BEGIN PRIVATE KEY-----\n…",
                    "username": "integration@acme.example",
                },
            ]
        }
    )

    system: Literal["salesforce"]
    title: Title
    login_url: _Url
    client_id: _Text
    client_secret: SecretStr | None = None
    private_key: PrivateKey | None = None
    username: _Text | None = None
    refresh_token: SecretStr | None = None
    api_version: _Version = "v62.0"
    currency: Currency | None = Field(
        default=None, description="Of amounts that name none; else the workspace's."
    )
    every_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60
    lag_seconds: Lag = 120

    @model_validator(mode="after")
    def _proves_who_it_is(self) -> Self:
        if self.private_key is None and self.client_secret is None and self.refresh_token is None:
            raise ValueError("Give a client_secret, a private_key or a refresh_token.")
        if self.private_key is not None and self.username is None:
            raise ValueError("A private_key signs in as somebody: give the username.")
        return self


class ImapConnectionIn(In):
    """An inbox that bounces and replies come back to. Read only: nothing is marked as seen."""

    model_config = ConfigDict(json_schema_extra={"examples": [IMAP_EXAMPLE]})

    system: Literal["imap"]
    title: Title
    host: _Host
    port: Port = 993
    security: Literal["tls", "none"] = Field(
        default="tls", description="`none` only reaches hosts that the operator allows by address."
    )
    username: _Text
    password: SecretStr
    mailbox: Email = Field(description="The address whose mail this is.")
    folder: _Text = "INBOX"
    every_seconds: Annotated[int, Field(ge=5, le=86_400)] = 10


ConnectionIn = Annotated[SalesforceConnectionIn | ImapConnectionIn, Field(discriminator="system")]


class ConnectionPatch(Patch):
    """Fields of the connection's own system; a secret given anew replaces the one before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"every_seconds": 300}]})

    title: Title = ""
    every_seconds: Annotated[int, Field(ge=5, le=86_400)] = 60
    login_url: _Url = ""
    client_id: _Text = ""
    client_secret: SecretStr = SecretStr("")
    private_key: PrivateKey = SecretStr("")
    username: _Text = ""
    refresh_token: SecretStr = SecretStr("")
    api_version: _Version = ""
    currency: Currency | None = None
    lag_seconds: Lag = 120
    host: _Host = ""
    port: Port = 993
    security: Literal["tls", "none"] = "tls"
    password: SecretStr = SecretStr("")
    mailbox: Email = ""
    folder: _Text = ""


class ConnectionOut(Out):
    """Secrets are never part of it. `synced_at` says how fresh our copy is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "system": "salesforce",
                    "title": "Salesforce",
                    "settings": {
                        "authentication": "client_credentials",
                        "login_url": "https://acme.my.salesforce.com",
                        "client_id": "3MVG9xExampleConsumerKey",
                        "api_version": "v62.0",
                        "currency": None,
                        "lag_seconds": 120,
                    },
                    "status": "ok",
                    "reason": None,
                    "every_seconds": 60,
                    "next_run_at": "2026-03-02T09:01:00Z",
                    "synced_at": "2026-03-02T09:00:04Z",
                    "parked_records": 0,
                    "warned_records": 3,
                    "version": 1,
                    "created_at": "2026-03-01T12:00:00Z",
                    "updated_at": "2026-03-02T09:00:04Z",
                }
            ]
        }
    )

    id: UUID
    system: System
    title: str
    settings: dict[str, Any]
    status: Status
    reason: str | None
    every_seconds: int
    next_run_at: datetime
    synced_at: datetime | None
    parked_records: int = Field(description="Set aside, as of the last run.")
    warned_records: int = Field(description="Here without some value, as of the last run.")
    version: int
    created_at: datetime
    updated_at: datetime
