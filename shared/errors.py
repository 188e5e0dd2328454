"""Refusals as facts. Every error answer is RFC 9457 problem+json with a `code`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (JSON pointer, RFC 6901), a stable code, what to do."""

    pointer: str
    code: str
    message: str
    extra: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message,
            **(self.extra or {}),
        }


class AppError(Exception):
    """A refusal with an HTTP status. Subclasses set `status`, `code` and `title`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"
    retryable: ClassVar[bool] = False
    keeps_work: ClassVar[bool] = False
    """True: the unit of work is committed although the request is refused, because the refusal is
    itself a fact that other services must receive."""

    def __init__(
        self,
        detail: str = "",
        *,
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.faults = tuple(faults)
        self.retry_after = retry_after
        self.extra = extra


class BadRequest(AppError):
    status = 400
    code = "bad_request"
    title = "The request could not be read"


class Unauthorized(AppError):
    status = 401
    code = "unauthorized"
    title = "No valid credential"


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(AppError):
    status = 404
    code = "not_found"
    title = "No such thing here"


class NotAcceptable(AppError):
    status = 406
    code = "not_acceptable"
    title = "No answer of this kind is given here"


class Conflict(AppError):
    status = 409
    code = "conflict"
    title = "The current state does not allow this"


class InUse(Conflict):
    """What is to be deleted is in use. The answer names the users; `force` deletes anyway."""

    code = "in_use"
    title = "This is in use"


class PreconditionFailed(AppError):
    status = 412
    code = "version_mismatch"
    title = "Someone else changed this first"


class PayloadTooLarge(AppError):
    status = 413
    code = "payload_too_large"
    title = "The body is too large"


class UnsupportedMediaType(AppError):
    status = 415
    code = "unsupported_media_type"
    title = "Send application/json in UTF-8"


class Invalid(AppError):
    status = 422
    code = "invalid"
    title = "Some values cannot be accepted"


class PreconditionRequired(AppError):
    status = 428
    code = "if_match_required"
    title = "Send If-Match with the ETag you edited"


class TooManyRequests(AppError):
    status = 429
    code = "rate_limited"
    title = "Too many requests"
    retryable = True


class Unavailable(AppError):
    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
    retryable = True


class OutcomeUnknown(Unavailable):
    """The connection broke during the commit: the change may or may not be stored."""

    code = "outcome_unknown"
    title = "The outcome is unknown; read before you repeat, or send the same Idempotency-Key"


def invalid(pointer: str, code: str, message: str, **extra: Any) -> Invalid:
    return Invalid(message, faults=[Fault(pointer, code, message, extra or None)])


def check_version(expected: int | None, actual: int) -> None:
    """Raises `PreconditionFailed` when someone else changed the resource first."""
    if expected is not None and expected != actual:
        raise PreconditionFailed(
            f"You edited version {expected}; it is now at version {actual}. Read it again.",
            current_version=actual,
        )
