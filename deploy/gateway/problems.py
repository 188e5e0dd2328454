"""The gateway's own refusals, in the same form as the services' (RFC 9457)."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json


@dataclass(frozen=True)
class Refusal(Exception):
    status: int
    code: str
    title: str
    detail: str = ""
    retry_after: int | None = None

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

    def headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
        ]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        return headers


def no_route(path: str) -> Refusal:
    return Refusal(404, "not_found", "No such route", f"Nothing answers {path[:200]}.")


def away(service: str) -> Refusal:
    return Refusal(
        503, "unavailable", "Temporarily unavailable", f"{service} does not answer; try again.", 1
    )


def broken(service: str) -> Refusal:
    return Refusal(
        502,
        "bad_gateway",
        "The answer was lost",
        f"The link to {service} broke. The request may have taken effect: repeat it with the same "
        "Idempotency-Key, or look first.",
        1,
    )


def too_slow(service: str) -> Refusal:
    return Refusal(
        504,
        "gateway_timeout",
        "No answer in time",
        f"{service} took too long. The request may still take effect: repeat it with the same "
        "Idempotency-Key, or look first.",
        1,
    )


def of_the_gateway() -> list[dict[str, Any]]:
    """For the catalogue of error codes."""
    return [
        {
            "code": refusal.code,
            "status": refusal.status,
            "title": refusal.title,
            "retryable": refusal.retry_after is not None,
        }
        for refusal in (away(""), broken(""), too_slow(""))
    ]
