"""Compresses answers for clients that say `Accept-Encoding: gzip`.

Not the answers of routes whose bodies may hold a secret (`WITH_SECRETS`): who could have one of
them asked for again and again, with text of his choice beside the secret, would read it off the
lengths (BREACH). `Cache-Control: no-store` cannot tell them apart, for every answer without a rule
of its own says it.
"""

import asyncio
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.routes import WITH_SECRETS
from shared.transport.refusal import RawHeaders

TYPES = (
    "application/json",
    "application/problem+json",
    "application/atom+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/markdown",
    "text/plain",
)
"""What shrinks. An event stream is not among them: each of its lines leaves when it is there."""
MIN_BYTES = 1024
"""Below it an answer fits into one packet either way."""
LEVEL = 5
_BEST = 9
"""For what is compressed once and sent often."""
_GZIP = 16 + zlib.MAX_WBITS
_LONG_BYTES = 128 * 1024
"""From here on compressing takes long enough to do it beside the loop."""
_WHOLE_IN_PART = {204, 206, 304}
_COMPRESSIBLE = frozenset(name.encode() for name in TYPES)


def gzipped(body: bytes, level: int = LEVEL) -> bytes:
    """The same bytes give the same result: no time and no name stands in it."""
    compressor = zlib.compressobj(level, wbits=_GZIP)
    return compressor.compress(body) + compressor.flush()


def takes_gzip(accept_encoding: str) -> bool:
    """RFC 9110 12.5.3: by name or by `*`, and not with `q=0`."""
    weights = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, weight = parameters.strip().partition("=")
        weights[coding.strip()] = weight.strip() if name.strip() == "q" else "1"
    chosen = weights.get("gzip", weights.get("x-gzip", weights.get("*", "0")))
    return chosen.strip("0.") != ""


@dataclass(frozen=True)
class Kept:
    """An answer that is the same for all: compressed once, with a strong ETag for each form."""

    body: bytes
    compressed: bytes
    digest: str
    media_type: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> "Kept":
        digest = hashlib.sha256(body).hexdigest()[:32]
        return cls(body, gzipped(body, _BEST), digest, media_type)

    def answer(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The body, or 304 for who has it (RFC 9110 8.8.3.3 and 13.1.2)."""
        is_compressed = takes_gzip(request.headers.get("accept-encoding", ""))
        etag = f'"{self.digest}{"-gzip" if is_compressed else ""}"'
        headers = {**headers, "etag": etag, "vary": "Accept-Encoding"}
        known = request.headers.get("if-none-match", "").split(",")
        if {"*", etag} & {tag.strip().removeprefix("W/") for tag in known}:
            return Response(status_code=304, headers=headers)
        if is_compressed:
            headers["content-encoding"] = "gzip"
        body = self.compressed if is_compressed else self.body
        return Response(body, media_type=self.media_type, headers=headers)


def may_hold_a_secret(path: str) -> bool:
    return path.startswith("/v1/") and path.split("/")[2] in WITH_SECRETS


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or may_hold_a_secret(scope["path"]):
            await self._app(scope, receive, send)
            return
        accepted = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        # The answer to HEAD has no body that would pay for it.
        wanted = scope["method"] != "HEAD" and takes_gzip(accepted)
        await self._app(scope, receive, _Compressed(send, wanted=wanted))


class _Compressed:
    """One answer on its way: its head is held until it is known whether the body is compressed."""

    def __init__(self, send: Send, *, wanted: bool) -> None:
        self._send = send
        self._wanted = wanted
        self._head: Message | None = None
        self._compressor: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            await self._begin(head, message)
        elif self._compressor is not None:
            await self._go_on(self._compressor, message)
        else:
            await self._send(message)

    async def _begin(self, head: Message, first: Message) -> None:
        headers: RawHeaders = list(head.get("headers", ()))
        named = dict(headers)
        if not _may_be_compressed(head["status"], named):
            await self._send(head)
            await self._send(first)
            return
        _vary(headers)
        body, more = first.get("body", b""), first.get("more_body", False)
        length = int(named.get(b"content-length", b"-1"))
        short = length < MIN_BYTES if length >= 0 else not more and len(body) < MIN_BYTES
        if not self._wanted or short:
            await self._send({**head, "headers": headers})
            await self._send(first)
            return
        headers = [_of_the_form(*header) for header in headers if header[0] != b"content-length"]
        headers.append((b"content-encoding", b"gzip"))
        if more:
            self._compressor = zlib.compressobj(LEVEL, wbits=_GZIP)
            await self._send({**head, "headers": headers})
            await self._go_on(self._compressor, first)
            return
        is_long = len(body) >= _LONG_BYTES
        body = await asyncio.to_thread(gzipped, body) if is_long else gzipped(body)
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**head, "headers": headers})
        await self._send({**first, "body": body})

    async def _go_on(self, compressor: "zlib._Compress", message: Message) -> None:
        """Each piece leaves when it comes, as it would uncompressed."""
        more = message.get("more_body", False)
        piece = compressor.compress(message.get("body", b""))
        piece += compressor.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
        await self._send({**message, "body": piece})


def _may_be_compressed(status: int, headers: dict[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return (
        kind in _COMPRESSIBLE
        and status not in _WHOLE_IN_PART
        and b"content-encoding" not in headers
        and b"no-transform" not in headers.get(b"cache-control", b"")
    )


def _vary(headers: RawHeaders) -> None:
    if not any(name == b"vary" and b"accept-encoding" in value.lower() for name, value in headers):
        headers.append((b"vary", b"Accept-Encoding"))


def _of_the_form(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A strong ETag names bytes, and these are others (RFC 9110 8.8.1): so it becomes weak, as
    nginx makes it. `If-Match` compares versions, and takes either form.
    """
    return (name, b"W/" + value) if name == b"etag" and value.startswith(b'"') else (name, value)
