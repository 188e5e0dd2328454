"""The desk's own secrets: made once, kept in `<state>/secrets.json` (0600), never in the tree."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from deploy.desk.roles import ROLES, SCHEMAS


@dataclass(frozen=True)
class DeskSecrets:
    passwords: dict[str, str]
    """Database role to password."""
    service_keys: dict[str, str]
    """Service to its private JWK as JSON."""
    cursor_secret: str
    encryption_keys: str


def make_secrets() -> DeskSecrets:
    return DeskSecrets(
        passwords={role: secrets.token_urlsafe(24) for role in ROLES},
        service_keys={service: _key() for service in SCHEMAS},
        cursor_secret=secrets.token_urlsafe(32),
        encryption_keys=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )


def _key() -> str:
    key = ECKey.generate_key("P-256", private=True)
    return json.dumps(key.as_dict(private=True))


def desk_secrets(state: Path) -> DeskSecrets:
    path = state / "secrets.json"
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        return DeskSecrets(**kept)
    made = make_secrets()
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(made), file)
    return made
