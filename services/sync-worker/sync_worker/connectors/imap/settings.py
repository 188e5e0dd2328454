"""What a connection to a mailbox is made of."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from sync_worker.connectors.kit.settings import (
    EVERY_SECONDS,
    TITLE,
    ConnectionIn,
    Email,
    EverySeconds,
    Host,
    Port,
    SecretStr,
    Text,
    Title,
)

EXAMPLE: dict[str, Any] = {
    "system": "imap",
    "title": "Ana's inbox",
    "host": "imap.example.com",
    "port": 993,
    "username": "ana@acme.example",
    "password": "an-example-app-password",
    "mailbox": "ana@acme.example",
    "folder": "INBOX",
}

ImapSecurity = TypeAliasType(
    "ImapSecurity",
    Annotated[
        Literal["tls", "none"],
        Field(
            description="How the connection to a mailbox is encrypted; `none` only reaches hosts"
            " that"
            " the operator allows by address."
        ),
    ],
)


class ImapConnectionIn(ConnectionIn):
    """An inbox that bounces and replies come back to. Read only: nothing is marked as seen."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    system: Literal["imap"] = Field(description="An inbox, read by IMAP.")
    title: Annotated[Title, TITLE]
    host: Annotated[Host, Field(description="The name or address of the server.")]
    port: Annotated[Port, Field(description="The port of the server.")] = 993
    security: ImapSecurity = "tls"
    username: Annotated[Text, Field(description="The name to log in with.")]
    password: SecretStr = Field(description="The password to log in with; sealed, never shown.")
    mailbox: Email = Field(description="The address whose mail this is.")
    folder: Annotated[Text, Field(description="The folder that is read.")] = "INBOX"
    every_seconds: Annotated[EverySeconds, EVERY_SECONDS] = 10
