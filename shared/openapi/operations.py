"""What follows for an operation from how it is declared: who may use it, how it can refuse, which
headers it hears and answers with.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi.routing import APIRoute

from shared.openapi.components import CREDENTIALS, REFUSALS, headers_of_answer, refusal
from shared.web.routing import hears_idempotency_key, permission_of
from shared.web.versions import creates, edited_version, has_etag

Operation = dict[str, Any]

_WITH_BODY: Final = (413, 415)
_ADDRESSED: Final = (400, 414)
_FOR_CALLERS: Final = (401, 403, 406, 422, 429, 503)
"""422: a parameter that the operation does not have is refused too."""
_FIRST_REFUSAL: Final = 400

_IDEMPOTENCY_KEY: Final[Operation] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repetition safe: for 24 hours the same key with the same request gets"
    " the answer of the first one, and has no second effect. A UUID is a good key.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b",
}
_IF_NONE_MATCH: Final[Operation] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what you have: the answer is 304 while it is still that version."
    " Heard only without query parameters.",
    "schema": {"type": "string"},
    "example": '"v3"',
}
_IF_MATCH: Final[Operation] = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the version that you edited, or `*` to change whatever is there.",
    "schema": {"type": "string"},
    "example": '"v3"',
}


def complete_operation(operation: Operation, method: str, route: APIRoute) -> None:
    """Add, in place, what FastAPI does not know."""
    permission = permission_of(route)
    if permission is None:
        operation["security"] = []
    else:
        operation["security"] = CREDENTIALS
        operation["x-permission"] = permission
        _complete_for_callers(operation, method, route)
    for status in list(operation["responses"]):
        if int(status) in REFUSALS:
            operation["responses"][status] = refusal(int(status))
    for status, answer in operation["responses"].items():
        if int(status) < _FIRST_REFUSAL:
            further = _headers(int(status), method, route) if permission else ()
            answer["headers"] = headers_of_answer(*further, limited=permission is not None)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _complete_for_callers(operation: Operation, method: str, route: APIRoute) -> None:
    """What holds where a credential is asked for: `TransactionRoute` sees to it."""
    parameters = _parameters(operation, method, route)
    if has_etag(route) and method == "get":
        parameters.append(_IF_NONE_MATCH)
        operation["responses"]["304"] = {
            "description": "It is still the version of `If-None-Match`. There is no body."
        }
    if parameters:
        operation["parameters"] = parameters
    for status in _refusals(operation, method, route):
        operation["responses"].setdefault(str(status), refusal(status))


def _parameters(operation: Operation, method: str, route: APIRoute) -> list[Operation]:
    parameters = [
        parameter
        for parameter in operation.get("parameters", [])
        if parameter["name"].lower() != "if-match"
    ]
    version = edited_version(route)
    if version is not None:
        parameters.append({**_IF_MATCH, "required": version == "required"})
    if hears_idempotency_key(method, route):
        parameters.append(_IDEMPOTENCY_KEY)
    return parameters


def _refusals(operation: Operation, method: str, route: APIRoute) -> Iterator[int]:
    yield from _FOR_CALLERS
    if operation.get("parameters") or "requestBody" in operation:
        yield from _ADDRESSED
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        yield HTTPStatus.NOT_FOUND
    if "requestBody" in operation:
        yield from _WITH_BODY
    if hears_idempotency_key(method, route) or method == "delete":
        yield HTTPStatus.CONFLICT
    version = edited_version(route)
    if version is not None:
        yield HTTPStatus.PRECONDITION_FAILED
    if version == "required":
        yield HTTPStatus.PRECONDITION_REQUIRED


def _headers(status: int, method: str, route: APIRoute) -> Iterator[str]:
    if has_etag(route) and status != HTTPStatus.NO_CONTENT:
        yield "ETag"
    if creates(route) and status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
        yield "Location"
    if hears_idempotency_key(method, route):
        yield "Idempotency-Replayed"
