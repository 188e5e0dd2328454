"""The gateway's own refusals, in the same form as the services' (RFC 9457)."""

from typing import Any

from shared.transport.refusal import Refusal


def no_route(path: str) -> Refusal:
    return Refusal(404, "not_found", "No such route", f"Nothing answers {path[:200]}.")


def no_method(allow: str) -> Refusal:
    return Refusal(405, "method_not_allowed", "This method is not served here", allow=allow)


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
