"""Every error answer, the framework's own included, as RFC 9457 problem+json."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared import sqlstates
from shared.db import is_connection_loss, sqlstate
from shared.errors import (
    AppError,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    Unavailable,
)
from shared.logging import get_logger
from shared.transport.refusal import BEFORE_OPERATIONS, SAFE_HEADERS
from shared.values.validation_messages import message_of

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_PLAIN_CODES = {
    400: ("bad_request", "The request could not be read"),
    404: ("not_found", "No such route"),
    405: ("method_not_allowed", "This method is not served here"),
    408: ("request_timeout", "The request did not come in time"),
    413: ("payload_too_large", "The body is too large"),
    414: ("uri_too_long", "The address is too long"),
    415: ("unsupported_media_type", "Send application/json in UTF-8"),
    431: ("headers_too_large", "The headers are too large"),
}


def problem_catalog(packages: Collection[str]) -> list[dict[str, Any]]:
    """Every refusal that code of these packages has, by its `code`: what a client may handle."""
    problems = {
        code: {"code": code, "status": status, "title": title, "retryable": False}
        for status, (code, title) in _PLAIN_CODES.items()
    }
    for early in BEFORE_OPERATIONS:
        problems[early.code] = {
            "code": early.code,
            "status": early.status,
            "title": early.title,
            "retryable": False,
        }
    for refusal in _all_below(AppError):
        if refusal.__module__.partition(".")[0] in packages:
            problems[refusal.code] = {
                "code": refusal.code,
                "status": refusal.status,
                "title": refusal.title,
                "retryable": refusal.retryable,
            }
    return [problems[code] for code in sorted(problems)]


def _all_below(parent: type[AppError]) -> Iterator[type[AppError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _all_below(child)


class ProblemFault(BaseModel):
    """One fault of a request, and where it is."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body, or `/query/<name>`.")
    code: str = Field(description="What kind of fault it is; it is stable, so handle this.")
    message: str = Field(description="What to change, for people; the text may change.")


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; `detail` is for people and may change. Some codes come
    with further fields.
    """

    type: str = Field(description="The address of the page that explains this `code`.")
    title: str = Field(description="What went wrong, in a few words that are the same each time.")
    status: int = Field(description="The HTTP status of the answer.")
    code: str = Field(description="What went wrong; it is stable, so handle this.")
    detail: str | None = Field(
        default=None, description="What went wrong this time and what to do; for people."
    )
    request_id: str = Field(
        description="The id of the request, as in `X-Request-Id`; the logs of the server name it."
    )
    retryable: bool = Field(
        description="Whether the same request may succeed later; `Retry-After` says when."
    )
    errors: list[ProblemFault] = Field(
        default=[], description="Each fault of the request; empty when it has none of its own."
    )


def problem_response(request: Request, error: AppError, status: int | None = None) -> Response:
    base = getattr(request.app.state, "public_url", "")
    content: dict[str, Any] = {
        "type": f"{base}/problems/{error.code.replace('_', '-')}",
        "title": error.title,
        "status": status or error.status,
        "code": error.code,
        **({"detail": error.detail} if error.detail else {}),
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        "retryable": error.retryable,
        **error.extra,
    }
    if error.faults:
        content["errors"] = [fault.as_json() for fault in error.faults]
    headers = {name.decode(): value.decode() for name, value in SAFE_HEADERS}
    if error.status == 401:  # noqa: PLR2004
        headers["www-authenticate"] = 'Bearer realm="tenure"'
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    return Response(
        to_json(content, fallback=str), status or error.status, headers, media_type=MEDIA_TYPE
    )


def faults_of(errors: Sequence[Any], body: Any) -> list[Fault]:
    """Pydantic's errors as pointers into what the client sent, without the names of a union's
    members, which Pydantic puts among the keys.
    """
    faults = []
    for error in errors[:100]:
        if error["type"] == "too_short" and _is_within(errors, error["loc"]):
            # Only what is right of a list is counted.
            continue
        location = [part for part in error["loc"] if not str(part).startswith("function-")]
        where, rest = (location[0], location[1:]) if location else ("body", [])
        required = error["type"] == "missing"
        parts = _within(body, rest, required=required) if where == "body" else [where, *rest]
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
        code = {"extra_forbidden": "unknown_field", "missing": "required"}.get(
            error["type"], error["type"]
        )
        faults.append(Fault(pointer, code, message_of(error)))
    return faults


def _is_within(errors: Sequence[Any], location: Sequence[Any]) -> bool:
    """Whether something is wrong with an item of what stands there."""
    return any(
        len(error["loc"]) > len(location) and error["loc"][: len(location)] == location
        for error in errors
    )


def faults_in(body: Any, error: ValidationError) -> list[Fault]:
    """What is wrong with a body, or a part of one, that a model was asked to read."""
    errors = error.errors(include_url=False)
    return faults_of([{**item, "loc": ("body", *item["loc"])} for item in errors], body)


def _within(body: Any, location: Sequence[Any], *, required: bool) -> list[Any]:
    """`location` without the parts that are no keys on the way through `body`. The last one is a
    key even though it is missing, when it is `required`.
    """
    path: list[Any] = []
    for at, part in enumerate(location):
        is_last = at == len(location) - 1
        leads_on = isinstance(body, dict) or (isinstance(body, list) and isinstance(part, int))
        if not leads_on:
            continue
        if isinstance(body, dict) and not is_last:
            following, alone = location[at + 1], required and at == len(location) - 2
            if part not in body or _is_beside(body, part, following, alone):
                continue
        path.append(part)
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and isinstance(part, int) and part < len(body):
            body = body[part]
        else:
            body = None
    return path


def _is_beside(body: Mapping[str, Any], part: Any, following: Any, alone: bool) -> bool:  # noqa: FBT001
    """Whether a part names a union's member although there is a key of that name: what follows
    stands beside it and not within.
    """
    inside = body[part]
    leads_on = isinstance(inside, dict) or (isinstance(inside, list) and isinstance(following, int))
    return not leads_on and (alone or following in body)


def not_stored(faults: Sequence[Fault]) -> Invalid:
    return Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  (registered for it)
    return problem_response(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = faults_of(error.errors(), error.body)
    if any(fault.pointer.startswith("/path") for fault in faults):
        # A malformed id is the id of nothing.
        return problem_response(request, NotFound("There is nothing with this id."))
    return problem_response(request, not_stored(faults))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code, title = _PLAIN_CODES.get(error.status_code, ("error", str(error.detail)))
    plain = AppError("" if error.status_code in _PLAIN_CODES else str(error.detail))
    plain.code, plain.title = code, title  # type: ignore[misc]  # this instance only
    response = problem_response(request, plain, error.status_code)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == 405:  # noqa: PLR2004
        response.headers["allow"] = ", ".join(sorted(_methods_at(request)))
    return response


def _methods_at(request: Request) -> set[str]:
    """Every method that the path takes: the framework knows those of the first route that fits."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.path_regex.match(request.url.path):
            methods |= set(route.methods or ())
    return methods | ({"HEAD"} if "GET" in methods else set())


async def _database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)  # noqa: S101
    state = sqlstate(error)
    if is_connection_loss(error) or state in sqlstates.BUSY:
        log.warning("database busy or unreachable", sqlstate=state)
        return problem_response(
            request, Unavailable("The database is busy; try again.", retry_after=1)
        )
    if state in sqlstates.CONFLICTS:
        # A constraint that no service function translated: still the client's conflict, not a 500.
        log.error("untranslated constraint", exc_info=error)
        return problem_response(
            request, Conflict("Another record already has this value, or one it needs is gone.")
        )
    return await _unexpected(request, error)


async def _connection_error(request: Request, error: Exception) -> Response:
    log.warning("connection lost", error=type(error).__name__)
    return problem_response(request, Unavailable("The database went away.", retry_after=1))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return problem_response(request, AppError())


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(OSError, _connection_error)
    app.add_exception_handler(Exception, _unexpected)
