"""Carries a request to a service and its answer back, bodies untouched and unbuffered."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import unquote_to_bytes

import aiohttp
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from deploy.gateway import problems
from deploy.routes import service_for
from shared.settings import ServiceName
from shared.transport.refusal import RawHeaders, Refusal

# RFC 9110 section 7.6.1: they speak of one connection, not of the message.
_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# What services would believe must not come from outside.
_TRUST = re.compile(rb"^(x-forwarded-.*|forwarded|x-real-ip|x-(tenant|workspace|service)-.*)$")
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 60.0
# Much shorter than a service keeps an idle connection: none that we write to was just closed.
POOL_SECONDS = 15.0
# From this size on the service is asked first: it refuses a body that is too large unsent.
_ASK_FIRST_BYTES = 64 * 1024
# A body without a length is collected, so that the same question can be asked.
_MAX_UNDECLARED_BYTES = 16 * 1024 * 1024
_SHORT_BYTES = 1024 * 1024
_WITHOUT_BODY = {204, 304}


class Proxy:
    def __init__(self, upstreams: dict[ServiceName, str]) -> None:
        self._upstreams = {name: url.rstrip("/") for name, url in upstreams.items()}
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:  # it belongs to the running loop
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=POOL_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            )
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `Refusal` when there is no answer to pass on, `ClientDisconnect` when nobody waits
        for it.
        """
        target = _target(scope)
        service = service_for(target.partition("?")[0])
        if service is None:
            raise problems.no_route(scope["path"])
        incoming = Incoming(scope["headers"], receive)
        length, body = await incoming.read()
        asking = self.session.request(
            scope["method"],
            URL(self._upstreams[service] + target, encoded=True),
            headers=_to_service(scope, length),
            data=body,
            allow_redirects=False,
            expect100=length is not None and length > _ASK_FIRST_BYTES,
        )
        with _told(service, incoming):
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await asking
                whole = await answer.read() if _is_short(answer) else None
        async with answer:
            await send(_start(answer))
            if whole is None:
                # From here on a fault can only be shown by breaking off.
                await _relay(answer, receive, send)
            else:
                await send({"type": "http.response.body", "body": whole})


@contextmanager
def _told(service: str, incoming: "Incoming") -> Iterator[None]:
    """What happened on the way to a service, as a refusal."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise problems.away(service) from error
    except TimeoutError as error:
        raise problems.too_slow(service) from error
    except aiohttp.ClientError as error:
        if incoming.left:
            raise ClientDisconnect from error
        raise problems.broken(service) from error


def _target(scope: Scope) -> str:
    """Path and query as they were sent. Dot segments are refused: we would route one path and a
    service might answer another.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    raw = raw.partition(b"?")[0]
    decoded = unquote_to_bytes(raw).replace(b"\\", b"/")
    if {b".", b".."} & set(decoded.split(b"/")):
        raise problems.no_route(scope["path"])
    query: bytes = scope["query_string"]
    return (raw + (b"?" + query if query else b"")).decode("latin-1")


def _to_service(scope: Scope, length: int | None) -> list[tuple[str, str]]:
    named = {
        name.strip().lower()
        for header, value in scope["headers"]
        if header == b"connection"
        for name in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named | {b"host", b"expect", b"content-length", b"x-request-id"}
    headers = [
        (name.decode("ascii"), _text(value))
        for name, value in scope["headers"]
        if name not in dropped and not _TRUST.match(name)
    ]
    if length is not None:
        headers.append(("content-length", str(length)))
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    client = scope.get("client") or ("", 0)
    return [
        *headers,
        ("x-request-id", scope["state"]["request_id"]),
        ("x-forwarded-for", client[0]),
        ("x-forwarded-proto", scope["scheme"]),
        ("x-forwarded-host", _text(host)),
    ]


def _text(value: bytes) -> str:
    """As aiohttp will write it again: in UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


class Incoming:
    """The body of a request, as its client sends it."""

    def __init__(self, headers: RawHeaders, receive: Receive) -> None:
        named = dict(headers)
        self._declared = int(named.get(b"content-length", b"0"))
        self._has_length = b"content-length" in named
        self._has_body = self._declared > 0 or b"transfer-encoding" in named
        self._receive = receive
        self.left = False
        """Whether the client went away before all of it had come."""

    async def read(self) -> tuple[int | None, AsyncIterator[bytes] | bytes | None]:
        """Its length and its bytes: a stream when it is long and says how long, else collected."""
        if self._declared > _ASK_FIRST_BYTES:
            return self._declared, self._stream()
        if not self._has_body:
            return (0 if self._has_length else None), None
        collected = bytearray()
        async for piece in self._stream():
            collected += piece
            if len(collected) > _MAX_UNDECLARED_BYTES:
                raise Refusal(
                    413,
                    "payload_too_large",
                    "The body is too large",
                    f"Without Content-Length at most {_MAX_UNDECLARED_BYTES} bytes are taken.",
                )
        return len(collected), bytes(collected)

    async def _stream(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.left = True
                raise ClientDisconnect
            if body := message.get("body"):
                yield body
            more = message.get("more_body", False)


def _is_short(answer: aiohttp.ClientResponse) -> bool:
    """Worth reading whole before the first byte goes out, so that a lost answer becomes a 502."""
    length = answer.content_length
    return answer.status in _WITHOUT_BODY or (length is not None and length <= _SHORT_BYTES)


def _start(answer: aiohttp.ClientResponse) -> Message:
    headers = [
        (name.lower(), value)
        for name, value in answer.raw_headers
        if name.lower() not in _HOP_BY_HOP
    ]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _relay(answer: aiohttp.ClientResponse, receive: Receive, send: Send) -> None:
    """Piece by piece. A stream may be silent for long: it ends when its reader leaves."""
    left = False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = True
        answer.close()

    watching = asyncio.create_task(watch())
    try:
        async for piece in answer.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except aiohttp.ClientError:
        if not left:
            raise
    finally:
        watching.cancel()
