"""The link in a mail by which its recipient unsubscribes: signed, and without personal data."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

_MAC = 16
_PURPOSE = b"unsubscribe\x00"


@dataclass(frozen=True, slots=True)
class Link:
    workspace_id: UUID
    message_id: UUID


def token_of(secret: str, link: Link) -> str:
    body = link.workspace_id.bytes + link.message_id.bytes
    return base64.urlsafe_b64encode(_mac(secret, body) + body).rstrip(b"=").decode()


def link_of(secret: str, token: str) -> Link | None:
    """None for a token that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    mac, body = raw[:_MAC], raw[_MAC:]
    if len(body) != 32 or not hmac.compare_digest(mac, _mac(secret, body)):  # noqa: PLR2004
        return None
    return Link(UUID(bytes=body[:16]), UUID(bytes=body[16:]))


def is_one_click(body: bytes) -> bool:
    """RFC 8058: the form field `List-Unsubscribe=One-Click`, urlencoded or multipart."""
    return b"List-Unsubscribe=One-Click" in body or (
        b'name="List-Unsubscribe"' in body and b"One-Click" in body
    )


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + body, hashlib.sha256).digest()[:_MAC]
