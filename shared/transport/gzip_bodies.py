"""Bodies that came compressed, as whoever answers reads them: plain."""

import zlib
from typing import Final

from starlette.types import Message, Receive

from shared.errors import BadRequest
from shared.transport.refusal import RawHeaders

_GZIP: Final = 16 + zlib.MAX_WBITS
_OF_THE_PACKED: Final = frozenset({b"content-encoding", b"content-length"})


def plain_headers(headers: RawHeaders) -> RawHeaders:
    """Without what speaks of the body as it was sent."""
    return [(name, value) for name, value in headers if name not in _OF_THE_PACKED]


def inflated(receive: Receive, limit: int) -> Receive:
    """The body as it comes, unpacked: never more than one byte above the limit, by which whoever
    counts it knows that it is too large. Raises `BadRequest` for what is not gzip.
    """
    inflater = zlib.decompressobj(_GZIP)
    came = made = 0

    async def receive_plain() -> Message:
        nonlocal came, made
        message = await receive()
        if message["type"] != "http.request":
            return message
        packed = message.get("body", b"")
        came += len(packed)
        try:
            body = inflater.decompress(packed, limit + 1 - made) if packed else b""
        except zlib.error as error:
            raise BadRequest("The body is not what gzip makes.") from error
        made += len(body)
        more = message.get("more_body", False)
        if came > limit or inflater.unconsumed_tail or made > limit:
            # Nothing that follows makes it smaller.
            return {"type": "http.request", "body": bytes(limit + 1), "more_body": False}
        if not more and not inflater.eof and came:
            raise BadRequest("The body ends before its gzip does.")
        return {"type": "http.request", "body": body, "more_body": more}

    return receive_plain
