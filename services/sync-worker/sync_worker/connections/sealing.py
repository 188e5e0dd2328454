"""What a connection keeps in the clear, and what only sealed."""

from collections.abc import Mapping
from typing import Any, cast, get_args
from uuid import UUID

from pydantic import SecretStr
from pydantic_core import from_json, to_json

from shared.encryption import CannotDecrypt, SecretBox
from shared.errors import Conflict
from sync_worker.connections.rows import Connection
from sync_worker.connectors.base import Connector, Spec
from sync_worker.connectors.kit.settings import ConnectionIn


class SecretsLost(Conflict):
    code = "secrets_lost"
    title = "The secrets of this connection cannot be opened"


def secrets_of(spec: Spec) -> frozenset[str]:
    """What is sealed of a connection: its settings of the type `SecretStr`."""
    fields = spec.settings.model_fields.items()
    return frozenset(name for name, field in fields if _is_secret(field.annotation))


def settings_of(spec: Spec) -> frozenset[str]:
    """What is kept in the clear, beside what every connection has."""
    return frozenset(spec.settings.model_fields.keys() - ConnectionIn.model_fields.keys()) - (
        secrets_of(spec)
    )


def _is_secret(annotation: Any) -> bool:
    inner = get_args(annotation)
    return annotation is SecretStr or any(_is_secret(each) for each in inner)


def revealed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in given.items()
    }


def finished(
    connector: Connector, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> dict[str, Any]:
    made = {**settings, "authentication": connector.method(secrets.keys())}
    for name in connector.spec.urls:
        if name in made:
            made[name] = str(made[name]).rstrip("/")
    return made


def _binding(workspace_id: UUID, connection_id: UUID) -> tuple[object, ...]:
    return workspace_id, "connections", "credentials", connection_id


def token_binding(workspace_id: UUID, connection_id: UUID) -> tuple[object, ...]:
    return workspace_id, "connection_tokens", "sealed", connection_id


def sealed_secrets(
    box: SecretBox, workspace_id: UUID, connection_id: UUID, secrets: Mapping[str, str]
) -> bytes:
    return box.seal(to_json(secrets).decode(), *_binding(workspace_id, connection_id))


def unsealed(box: SecretBox, connection: Connection) -> dict[str, str]:
    """Raises `SecretsLost`."""
    try:
        binding = _binding(connection.workspace_id, connection.id)
        opened = from_json(box.open(connection.credentials, *binding))
    except CannotDecrypt as error:
        message = "Its secrets cannot be opened with our keys: give them anew."
        raise SecretsLost(message) from error
    return cast("dict[str, str]", opened)
