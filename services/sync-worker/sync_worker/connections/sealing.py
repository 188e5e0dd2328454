"""What a connection keeps in the clear, and what only sealed."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from pydantic import SecretStr
from pydantic_core import from_json, to_json

from shared.encryption import CannotDecrypt, SecretBox
from shared.errors import Conflict
from sync_worker.connections.models import Connection
from sync_worker.connections.rules import authentication_of


class SecretsLost(Conflict):
    code = "secrets_lost"
    title = "The secrets of this connection cannot be opened"


SECRETS: Mapping[str, frozenset[str]] = {
    "salesforce": frozenset({"client_secret", "private_key", "refresh_token"}),
    "imap": frozenset({"password"}),
}
SETTINGS: Mapping[str, frozenset[str]] = {
    "salesforce": frozenset(
        {"login_url", "client_id", "username", "api_version", "currency", "lag_seconds"}
    ),
    "imap": frozenset({"host", "port", "security", "username", "mailbox", "folder"}),
}


def revealed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in given.items()
    }


def finished(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    made = {**settings, "authentication": authentication_of(frozenset(secrets))}
    if "login_url" in made:
        made["login_url"] = str(made["login_url"]).rstrip("/")
    return made


def _binding(connection: Connection) -> tuple[object, ...]:
    return connection.workspace_id, "connections", "credentials", connection.id


def token_binding(workspace_id: UUID, connection_id: UUID) -> tuple[object, ...]:
    return workspace_id, "connection_tokens", "sealed", connection_id


def seal(box: SecretBox, connection: Connection, secrets: Mapping[str, str]) -> None:
    connection.credentials = box.seal(to_json(secrets).decode(), *_binding(connection))


def unsealed(box: SecretBox, connection: Connection) -> dict[str, str]:
    """Raises `SecretsLost`."""
    try:
        opened = from_json(box.open(connection.credentials, *_binding(connection)))
    except CannotDecrypt as error:
        message = "Its secrets cannot be opened with our keys: give them anew."
        raise SecretsLost(message) from error
    return cast("dict[str, str]", opened)
