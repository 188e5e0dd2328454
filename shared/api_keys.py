"""What an API key looks like: `tnr_live_<end of its id>_<43 random characters><crc>`.

The fixed beginning lets secret scanners find leaked keys; by the checksum a service refuses a
mistyped or invented one without asking anybody.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from uuid import UUID
from zlib import crc32

KEY_PREFIX = "tnr_live_"
_SHAPE = re.compile(r"^tnr_live_[0-9a-f]{12}_[A-Za-z0-9_-]{43}[0-9a-f]{8}$")
_CRC = 8


@dataclass(frozen=True)
class NewKey:
    secret: str
    digest: str
    """SHA-256, hex, of the whole key: with 256 random bits a slow or salted hash adds nothing."""
    prefix: str
    """What may be shown of it later."""


def make_key(key_id: UUID) -> NewKey:
    # The end of a UUIDv7 is random; its beginning is the time, the same for neighbours.
    prefix = f"{KEY_PREFIX}{key_id.hex[-12:]}"
    body = f"{prefix}_{secrets.token_urlsafe(32)}"
    secret = body + _checksum(body)
    return NewKey(secret, key_digest(secret), prefix)


def is_whole(key: str) -> bool:
    return bool(_SHAPE.match(key)) and _checksum(key[:-_CRC]) == key[-_CRC:]


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    return f"{crc32(body.encode()):08x}"
