"""What a secret must be before anything relies on it.

Each function returns what the secret's user needs. It raises `ValueError` with the end of a
sentence that begins with the setting's name; the secret itself is never in it.
"""

import base64
import binascii
import json

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

_SIGNING_CHARACTERS = 32
_PASSWORD_CHARACTERS = 16
_DIFFERENT_CHARACTERS = 8
_ENCRYPTION_BYTES = 32


def signing_secret(text: str) -> str:
    return _hard_to_guess(text, _SIGNING_CHARACTERS)


def password(text: str) -> str:
    return _hard_to_guess(text, _PASSWORD_CHARACTERS)


def signing_key(text: str) -> ECKey:
    """The private half of an EC P-256 key, as JWK."""
    try:
        key = ECKey.import_key(json.loads(text))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("must be a JWK: one JSON object in one line") from error
    if not key.is_private or key.curve_name != "P-256":
        raise ValueError("must be the private half (with `d`) of an EC key on the curve P-256")
    return key


def encryption_keys(text: str) -> list[bytes]:
    """At least one; the first is the one that encrypts."""
    keys = [_encryption_key(encoded.strip()) for encoded in text.split(",") if encoded.strip()]
    if not keys:
        raise ValueError("must hold at least one key: 32 random bytes as urlsafe base64")
    return keys


def _encryption_key(encoded: str) -> bytes:
    padded = encoded + "=" * (-len(encoded) % 4)
    try:
        key = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must hold keys as urlsafe base64, separated by commas") from error
    if len(key) != _ENCRYPTION_BYTES:
        raise ValueError(f"must hold keys of 32 bytes; one of them has {len(key)}")
    return key


def _hard_to_guess(text: str, characters: int) -> str:
    if not text:
        raise ValueError(f"must not be empty: it takes at least {characters} random characters")
    if len(text) < characters:
        raise ValueError(f"must have at least {characters} characters; it has {len(text)}")
    if len(set(text)) < _DIFFERENT_CHARACTERS:
        raise ValueError("must be random: it repeats too few characters")
    return text
