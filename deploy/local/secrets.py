"""The secrets of one local stack, made once and kept in a file that only its owner can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import keys
from deploy.machine.files import read_json, write_private_json
from deploy.roles import ROLES, SERVICES


@dataclass(frozen=True)
class Secrets:
    passwords: Mapping[str, str]  # by database role
    service_keys: Mapping[str, str]  # by package: a private JWK
    cursor_secret: str
    encryption_keys: str


def load_secrets(state_dir: Path) -> Secrets:
    """Those in `secrets.json`; what is missing there is made and added."""
    path = state_dir / "secrets.json"
    kept = read_json(path)
    content = {
        "passwords": {role: keys.password() for role in ROLES} | kept.get("passwords", {}),
        "service_keys": {service.package: keys.signing_key() for service in SERVICES}
        | kept.get("service_keys", {}),
        "cursor_secret": kept.get("cursor_secret") or keys.cursor_secret(),
        "encryption_keys": kept.get("encryption_keys") or keys.encryption_key(),
    }
    if content != kept:
        state_dir.mkdir(parents=True, exist_ok=True)
        write_private_json(path, content)
    return Secrets(**content)
