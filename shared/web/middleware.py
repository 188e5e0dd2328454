"""What wraps every request, as plain ASGI: its id, its log line, its numbers, its size."""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Counter, Histogram
from pydantic_core import to_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import new_id
from shared.logging import get_logger

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
_MAX_TARGET = 8192
_LINGER_BYTES = 8 * 1024 * 1024
_LINGER_SECONDS = 2.0


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
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.match(given) else f"req_{new_id().hex}"
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
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
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


class RequestLimits:
    """Refuses what is too large before it is buffered, counting streamed bytes as they come.

    `larger` maps paths such as `/v1/imports/{import_id}/file`, or the ends of paths, to their own
    limit: bulk routes take more than the usual 1 MiB.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int]) -> None:
        self.app = app
        self.larger = [(_path_pattern(path), size) for path, size in larger.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        target = scope.get("raw_path", b"") + scope["query_string"]
        if len(target) > _MAX_TARGET:
            await _refuse(scope, send, 414, "uri_too_long", "The address is too long")
            return
        if b"%00" in target:
            await _refuse(scope, send, 400, "bad_request", "The address holds the character NUL")
            return
        if not _is_utf8(target):
            # Else all that cannot be read would be one replacement character, and one record.
            await _refuse(scope, send, 400, "bad_request", "The address is not written in UTF-8")
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity") != "identity":
            await _refuse(
                scope, send, 415, "unsupported_media_type", "Send the body without compression"
            )
            return
        limit = next(
            (size for pattern, size in self.larger if pattern.fullmatch(scope["path"])),
            MAX_BODY,
        )
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            if declared.isdigit() and int(declared) <= _LINGER_BYTES:
                await _discard(receive)
            await _refuse_size(scope, send, limit)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        seen = 0
        too_large = False
        started = False

        async def counting_receive() -> Message:
            nonlocal seen, too_large
            if too_large:
                return {"type": "http.disconnect"}
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    too_large = True
                    return {"type": "http.disconnect"}
            return message

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if too_large:
                return
            started = True
            await send(message)

        try:
            await self.app(scope, counting_receive, guarded_send)
        except Exception:
            if not too_large:
                raise
        if too_large and not started:
            await _discard(receive)
            await _refuse_size(scope, send, limit)


def _is_utf8(target: bytes) -> bool:
    try:
        unquote_to_bytes(target).decode()
    except UnicodeDecodeError:
        return False
    return True


def _path_pattern(path: str) -> re.Pattern[str]:
    """A whole path with any segments for its parameters, or any path with this end."""
    fixed = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path)))
    return re.compile(fixed if path.startswith("/v1/") else f".*{fixed}", re.DOTALL)


async def _discard(receive: Receive) -> None:
    """Read on for a little and keep nothing: who is cut off while sending never reads why."""
    seen = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while seen < _LINGER_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


async def _refuse_size(scope: Scope, send: Send, limit: int) -> None:
    await _refuse(
        scope, send, 413, "payload_too_large", f"The body is larger than {limit} bytes; split it"
    )


async def _refuse(scope: Scope, send: Send, status: int, code: str, title: str) -> None:
    body = to_json(
        {
            "type": f"about:blank#{code.replace('_', '-')}",
            "title": title,
            "status": status,
            "code": code,
            "request_id": scope.get("state", {}).get("request_id", ""),
            "retryable": False,
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
