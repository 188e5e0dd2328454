"""Refusals outside the framework: by the connection, by middleware, by the gateway."""

from dataclasses import dataclass
from http import HTTPStatus

from pydantic_core import to_json

from shared.ids import new_id

RawHeaders = list[tuple[bytes, bytes]]
SAFE_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Of every answer that does not set them: no cache stores it, no browser guesses its type."""


@dataclass(frozen=True)
class Refusal(Exception):
    status: int
    code: str
    title: str
    detail: str = ""
    retry_after: int | None = None
    allow: str = ""
    """The methods that there are, for a 405."""

    def body(self, public_url: str, request_id: str) -> bytes:
        return to_json(
            {
                "type": f"{public_url}/problems/{self.code.replace('_', '-')}",
                "title": self.title,
                "status": self.status,
                "code": self.code,
                **({"detail": self.detail} if self.detail else {}),
                "request_id": request_id,
                "retryable": self.retry_after is not None,
            }
        )

    def headers(self, request_id: str) -> RawHeaders:
        headers = [
            (b"content-type", b"application/problem+json"),
            *SAFE_HEADERS,
            (b"x-request-id", request_id.encode()),
        ]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        if self.allow:
            headers.append((b"allow", self.allow.encode()))
        return headers

    def raw_response(self) -> bytes:
        """The whole answer as bytes, for a connection that ends with it."""
        request_id = f"req_{new_id().hex}"
        body = self.body("", request_id)
        headers = [
            *self.headers(request_id),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        line = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n".encode()
        return line + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + body


# What proxies and connections refuse alike.
NO_METHOD = Refusal(
    405,
    "method_not_allowed",
    "This method is not served here",
    allow="GET, HEAD, POST, PUT, PATCH, DELETE",
)
LATE = Refusal(408, "request_timeout", "The request did not come in time")
LONG_TARGET = Refusal(414, "uri_too_long", "The address is too long")
LARGE_HEAD = Refusal(431, "headers_too_large", "The headers are too large")
NO_WEBSOCKET = Refusal(400, "no_websocket", "There are no WebSockets here")
BEFORE_OPERATIONS = (NO_METHOD, LATE, LONG_TARGET, LARGE_HEAD, NO_WEBSOCKET)
"""Refusals of requests that no operation has seen."""
