"""Which types there are, what a filter lets through, and the cursors of the feed."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Sequence
from uuid import UUID

from shared.errors import BadRequest
from shared.events.base import Event
from shared.events.registry import EVENTS

CATALOG: dict[str, type[Event]] = {
    public_type: event for event in EVENTS.values() for public_type in event.public_types()
}
"""Every type that partners can see, with the event behind it."""

ON_REQUEST = frozenset(each for each in CATALOG if each.endswith(".computed"))
"""Types that reach only who names them: there are many, and few need them."""
NOUNS = sorted({public_type.partition(".")[0] for public_type in CATALOG})
TEST_TYPE = "webhook.test"
"""Sent on request and to one endpoint only; not in the feed."""
TRACKED = "product_event.tracked"
"""Sent to the endpoints that name the product event, and to no other."""
API_VERSION = "v1"
EVERYTHING = "*"
BEGINNING = (0, 0)

_PLACE = struct.Struct(">QQ")
_MAC_BYTES = 8


def unknown_types(filters: Sequence[str]) -> list[str]:
    """Those of `filters` that could never let anything through."""
    known = {*CATALOG, EVERYTHING, *(f"{noun}.*" for noun in NOUNS)}
    return [each for each in filters if each not in known]


def concrete_types(filters: Sequence[str]) -> list[str]:
    """The types that `filters` let through."""
    return [name for name in CATALOG if lets_through(filters, name)]


def lets_through(filters: Sequence[str], public_type: str) -> bool:
    if public_type in filters:
        return True
    named_with_others = EVERYTHING in filters or f"{public_type.partition('.')[0]}.*" in filters
    return named_with_others and public_type not in ON_REQUEST


class FeedCursors:
    """Writes and reads places in the feed of one workspace. A cursor of another workspace, or one
    that we did not write, is refused.
    """

    def __init__(self, secret: str, workspace_id: UUID) -> None:
        key = hashlib.sha256(secret.encode()).digest()
        self._mac = hashlib.blake2b(
            workspace_id.bytes, key=key, digest_size=_MAC_BYTES, person=b"event feed"
        )

    def write(self, xid: int, seq: int) -> str:
        place = _PLACE.pack(xid, seq)
        return base64.urlsafe_b64encode(place + self._signature(place)).decode()

    def read(self, cursor: str) -> tuple[int, int]:
        """Raises `BadRequest`."""
        try:
            raw = base64.urlsafe_b64decode(cursor)
        except ValueError as error:
            raise _not_ours() from error
        place, signature = raw[: _PLACE.size], raw[_PLACE.size :]
        if len(place) < _PLACE.size or not hmac.compare_digest(signature, self._signature(place)):
            raise _not_ours()
        xid, seq = _PLACE.unpack(place)
        return xid, seq

    def _signature(self, place: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(place)
        return mac.digest()


def _not_ours() -> BadRequest:
    return BadRequest("`after` is not a cursor of this workspace's feed.", reason="cursor")
