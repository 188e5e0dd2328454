"""ASGI middleware around every request: its id, its log line, its metrics, its limits."""

import re
import time
from collections.abc import Collection, Mapping
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import new_id
from shared.logging import get_logger
from shared.transport.gzip_bodies import inflated, plain_headers
from shared.transport.refusal import LONG_TARGET, NO_WEBSOCKET, SAFE_HEADERS, RawHeaders, Refusal

log = get_logger(__name__)

REQUESTS = Counter("tenure_requests_total", "Requests", ["service", "method", "route", "status"])
SECONDS = Histogram(
    "tenure_request_seconds",
    "Time to the last byte",
    ["service", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_\-]{8,64}$")
MAX_BODY = 1024 * 1024
MAX_TARGET = 8192
CLIENT_LEFT = 499
"""For log and metrics only: the client has gone."""


def request_id_of(headers: RawHeaders) -> str:
    """The caller's `X-Request-Id` when well formed, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.match(request_id := value.decode("latin-1")):
            return request_id
    return f"req_{new_id().hex}"


class RequestContext:
    """Gives the request an id (a caller's `X-Request-Id` is kept when well formed), binds it to the
    log context, counts and times it.
    """

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in scope["state"].get("response_headers", {}).items():
                    headers[name] = value
                if _is_draining(scope):
                    headers["connection"] = "close"
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_LEFT
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(self.service, scope["method"], route, str(status)).inc()
            SECONDS.labels(self.service, route).observe(seconds)
            if status >= 400 or seconds > 1.0:  # noqa: PLR2004
                log.info(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round(seconds * 1000, 1),
                )
            structlog.contextvars.unbind_contextvars("request_id")


def _is_draining(scope: Scope) -> bool:
    """Then its connections go elsewhere with the next request, and none meets a closed one."""
    service = getattr(getattr(scope.get("app"), "state", None), "service", None)
    return service is not None and service.draining


class PlainAnswers:
    """What holds for every answer whatever made it: HEAD is GET without the body, an answer is kept
    by nobody and is what it says it is, and nothing speaks another protocol here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                safe = [header for header in SAFE_HEADERS if header[0] not in present]
                message = {**message, "headers": [*message.get("headers", ()), *safe]}
            await send(message)

        if Headers(scope=scope).get("upgrade", "").lower() == "websocket":
            await refuse(NO_WEBSOCKET, scope, send_safely)
            return
        if scope["method"] == "HEAD":
            # The server leaves out the body: it knows from its own copy what was asked.
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send_safely)


class RequestLimits:
    """Refuses what is too large before it is buffered, counting streamed bytes as they come.

    `larger` maps paths such as `/v1/imports/{id}/file`, or the ends of paths, to their own
    limit: bulk routes take more than the usual 1 MiB. A body of `gzipped` paths may be compressed;
    its limit is that of what it holds. None: whoever answers says which may be.
    """

    def __init__(
        self, app: ASGIApp, larger: Mapping[str, int], gzipped: Collection[str] | None = ()
    ) -> None:
        self.app = app
        self.larger = [(path_pattern(path), size) for path, size in larger.items()]
        self.gzipped = gzipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        target = scope.get("raw_path", b"") + scope["query_string"]
        if len(target) > MAX_TARGET:
            await refuse(LONG_TARGET, scope, send)
            return
        if b"%00" in target:
            await refuse(_NUL_IN_TARGET, scope, send)
            return
        if not _is_utf8(target):
            # Else all that cannot be read would be one replacement character, and one record.
            await refuse(_NO_UTF8, scope, send)
            return
        headers = Headers(scope=scope)
        encoding = headers.get("content-encoding", "identity").lower()
        is_gzip = encoding in {"gzip", "x-gzip"}
        may_be_gzip = self.gzipped is None or scope["path"] in self.gzipped
        if encoding != "identity" and not (is_gzip and may_be_gzip):
            await refuse(_COMPRESSED, scope, send)
            return
        limit = next(
            (size for pattern, size in self.larger if pattern.fullmatch(scope["path"])),
            MAX_BODY,
        )
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            await refuse(too_large(limit), scope, send)
            return
        if is_gzip and self.gzipped is not None:
            scope = {**scope, "headers": plain_headers(scope["headers"])}
            receive = inflated(receive, limit)
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        received = 0
        is_too_large = False
        started = False

        async def counting_receive() -> Message:
            nonlocal received, is_too_large
            if is_too_large:
                return {"type": "http.disconnect"}
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    is_too_large = True
                    return {"type": "http.disconnect"}
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if is_too_large:
                return
            started = True
            await send(message)

        try:
            await self.app(scope, counting_receive, guarded_send)
        except Exception:
            if not is_too_large:
                raise
        if is_too_large and not started:
            await refuse(too_large(limit), scope, send)


def _is_utf8(target: bytes) -> bool:
    try:
        unquote_to_bytes(target).decode()
    except UnicodeDecodeError:
        return False
    return True


def path_pattern(path: str) -> re.Pattern[str]:
    """A whole path with any segments for its parameters, or any path with this end."""
    fixed = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path)))
    return re.compile(fixed if path.startswith("/v1/") else f".*{fixed}", re.DOTALL)


async def refuse(refusal: Refusal, scope: Scope, send: Send, public_url: str = "") -> None:
    """Answer without reading the body. The connection still receives and drops the body, because a
    client that is cut off while sending never reads the reason.
    """
    request_id = scope.get("state", {}).get("request_id") or request_id_of(scope["headers"])
    body = refusal.body(public_url, request_id)
    length = (b"content-length", str(len(body)).encode())
    headers = [*refusal.headers(request_id), length]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def too_large(limit: int) -> Refusal:
    return Refusal(413, "payload_too_large", f"The body is larger than {limit} bytes; split it")


_NUL_IN_TARGET = Refusal(400, "bad_request", "The address holds the character NUL")
_NO_UTF8 = Refusal(400, "bad_request", "The address is not written in UTF-8")
_COMPRESSED = Refusal(415, "unsupported_media_type", "Send the body without compression")
