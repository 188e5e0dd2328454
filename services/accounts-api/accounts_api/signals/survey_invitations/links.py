"""The link of an invitation: signed, and without personal data."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

_MAC: Final = 16
_BODY: Final = 16 + 16 + 8
_PURPOSE: Final = b"survey\x00"
PATH: Final = "/s"


@dataclass(frozen=True, slots=True)
class Link:
    workspace_id: UUID
    invitation_id: UUID
    expires_at: datetime
    """In whole seconds."""


def url_of(public_url: str, secret: str, link: Link) -> str:
    return f"{public_url}{PATH}/{token_of(secret, link)}"


def token_of(secret: str, link: Link) -> str:
    seconds = int(link.expires_at.timestamp()).to_bytes(8)
    body = link.workspace_id.bytes + link.invitation_id.bytes + seconds
    return base64.urlsafe_b64encode(_mac(secret, body) + body).rstrip(b"=").decode()


def link_of(secret: str, token: str) -> Link | None:
    """None for a token that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    mac, body = raw[:_MAC], raw[_MAC:]
    if len(body) != _BODY or not hmac.compare_digest(mac, _mac(secret, body)):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(body[32:]), UTC)
    return Link(UUID(bytes=body[:16]), UUID(bytes=body[16:32]), expires_at)


def _mac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + body, hashlib.sha256).digest()[:_MAC]
