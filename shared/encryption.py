"""Secrets at rest: AES-256-GCM bound to the row they belong to, with key rotation.

A ciphertext moved to another row or workspace fails to open, because workspace, table, column and
row id are authenticated with it.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.secret_strength import encryption_keys

_NONCE = 12
_KEY_ID = 4


class CannotDecrypt(Exception):
    """No key fits, or the ciphertext belongs to another row."""


class SecretBox:
    def __init__(self, keys: str) -> None:
        """`keys`: comma separated urlsafe base64 keys of 32 bytes; the first one encrypts."""
        self._keys = {
            hashlib.sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in encryption_keys(keys)
        }
        self._current = next(iter(self._keys))

    def seal(self, plain: str, *binding: object) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._current].encrypt(nonce, plain.encode(), _aad(binding))
        return self._current + nonce + sealed

    def open(self, sealed: bytes, *binding: object) -> str:
        """Raises `CannotDecrypt`."""
        key = self._keys.get(sealed[:_KEY_ID])
        if key is None:
            raise CannotDecrypt
        nonce, body = sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        try:
            return key.decrypt(nonce, body, _aad(binding)).decode()
        except InvalidTag as error:
            raise CannotDecrypt from error


def _aad(binding: tuple[object, ...]) -> bytes:
    return "\x1f".join(str(part) for part in binding).encode()
