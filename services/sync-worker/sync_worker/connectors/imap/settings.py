"""What a connection to a mailbox is made of."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from sync_worker.connectors.kit.settings import (
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


class ImapConnectionIn(ConnectionIn):
    """An inbox that bounces and replies come back to. Read only: nothing is marked as seen."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    system: Literal["imap"]
    title: Title
    host: Host
    port: Port = 993
    security: Literal["tls", "none"] = Field(
        default="tls", description="`none` only reaches hosts that the operator allows by address."
    )
    username: Text
    password: SecretStr
    mailbox: Email = Field(description="The address whose mail this is.")
    folder: Text = "INBOX"
    every_seconds: EverySeconds = 10
