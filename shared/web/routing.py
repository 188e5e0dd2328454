"""The route that every public operation uses: caller, transaction, commit, then the answer.

The commit happens here and not after a dependency's `yield`, so that the answer of an idempotent
request can be stored in the same transaction, and so that a client never holds a 201 for a commit
that failed.
"""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import APIRouter, Depends, Header
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from shared.auth import Caller
from shared.errors import (
    AppError,
    BadRequest,
    Fault,
    NotAcceptable,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from shared.service import Service
from shared.uow import UnitOfWork
from shared.web import strict_json
from shared.web.accept import accepts
from shared.web.idempotency import IdempotentRequest
from shared.web.parameters import Parameters
from shared.web.problems import Problem, faults_of, not_stored

_SAFE = {"GET", "HEAD"}
WRONG_CREDENTIALS_PER_MINUTE = 1000


class JsonRequest(Request):
    """Parses its body once, strictly."""

    async def parse(self) -> None:
        body = await self.body()
        if not body:
            return
        media_type = self._media_type()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType
        self._json = strict_json.parse(body)

    def must_stream(self, media_type: str) -> None:
        """Its endpoint reads the body as it comes, so that nothing can be told of it beforehand."""
        if self._media_type() != media_type:
            raise UnsupportedMediaType(f"Send {media_type}.")
        if "idempotency-key" in self.headers:
            raise BadRequest("Leave out Idempotency-Key: sending this again does the same again.")

    def _media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @override
    async def json(self) -> Any:
        return self._json


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
FindFurther = Callable[[Request, UnitOfWork, Caller, Sequence[Fault]], Awaitable[Sequence[Fault]]]
"""What else is wrong with a request whose body has these faults in its shape."""
_FURTHER: dict[Callable[..., Any], FindFurther] = {}


def further_faults(find: FindFurther) -> Callable[[Endpoint], Endpoint]:
    """For an endpoint that tells faults beyond the shape of its body: of a body that has both kinds
    a client hears at once.
    """

    def marked(endpoint: Endpoint) -> Endpoint:
        _FURTHER[endpoint] = find
        return endpoint

    return marked


def _of_members_of_the_body(error: RequestValidationError) -> bool:
    said = isinstance(error.body, dict)
    return said and all(fault["loc"][:1] == ("body",) for fault in error.errors())


@dataclass(frozen=True)
class Admission:
    """What a request must be before its endpoint sees it."""

    permission: str
    parameters: Parameters
    streamed: str | None
    """The media type of a body that its endpoint reads as it comes."""
    given: str | None

    @classmethod
    def to(cls, route: APIRoute) -> "Admission":
        permission = permission_of(route)
        if permission is None:
            raise TypeError(f"{route.path} says with no `require(...)` who may use it.")
        return cls(permission, Parameters(route.dependant), streamed_type(route), given_type(route))

    async def check(self, request: JsonRequest, caller: Caller) -> None:
        """Raises the refusal. Whoever may not, learns nothing else."""
        caller.must(self.permission)
        if self.given and not accepts(request.headers.get("accept", ""), self.given):
            raise NotAcceptable(f"Accept {self.given}.")
        self.parameters.check(request.query_params)
        if self.streamed is None:
            await request.parse()
        else:
            request.must_stream(self.streamed)


class TransactionRoute(APIRoute):
    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()
        admission = Admission.to(self)

        async def handle(plain: Request) -> Response:
            request = JsonRequest(plain.scope, plain.receive)
            service = service_of(request)
            caller = await _authenticate(request, service)
            await _limit_rate(request, service, caller)
            await admission.check(request, caller)
            async with AsyncExitStack() as stack:
                opened: list[UnitOfWork] = []

                async def open_transaction() -> UnitOfWork:
                    if not opened:
                        begin = service.units.begin(
                            caller.workspace_id,
                            caller.cause,
                            read_only=request.method in _SAFE,
                        )
                        opened.append(await stack.enter_async_context(begin))
                    return opened[0]

                request.state.open_transaction = open_transaction
                idempotent = admission.streamed is None and await IdempotentRequest.read(
                    request, caller
                )
                if idempotent:
                    begun = await open_transaction()
                    if replayed := await idempotent.replay(begun, service.secrets):
                        return replayed
                try:
                    response = await endpoint(request)
                except RequestValidationError as error:
                    find = _FURTHER.get(self.endpoint)
                    if find is None or not _of_members_of_the_body(error):
                        raise
                    faults = faults_of(error.errors(), error.body)
                    try:
                        further = await find(request, await open_transaction(), caller, faults)
                    except AppError:
                        raise error from None
                    raise not_stored([*faults, *further]) from error
                if idempotent and response.status_code < 400:  # noqa: PLR2004
                    await idempotent.store(await open_transaction(), response, service.secrets)
            return response

        return handle


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _authenticate(request: Request, service: Service) -> Caller:
    token = _credential(request.headers.get("authorization", ""))
    if not token:
        raise Unauthorized("Send `Authorization: Bearer <API key>`.")
    try:
        caller: Caller = await request.app.state.authenticate(token)
    except Unauthorized:
        await _slow_guessing(request, service)
        raise
    request.state.caller = caller
    structlog.contextvars.bind_contextvars(
        workspace_id=str(caller.workspace_id), principal=caller.key
    )
    return caller


def _credential(header: str) -> str:
    """A token, or an API key as the user name of Basic authentication (RFC 7617), which is how
    Segment's libraries send theirs: without a password, and some without the colon.
    """
    scheme, _, given = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            try:
                return b64decode(given.strip(), validate=True).decode("ascii").partition(":")[0]
            except ValueError:
                return ""
        case _:
            return ""


async def _slow_guessing(request: Request, service: Service) -> None:
    """Wrong credentials are counted by address; right ones from there are not hindered."""
    address = request.client.host if request.client else "unknown"
    decision = await service.limiter.take(f"wrong:{address}", WRONG_CREDENTIALS_PER_MINUTE)
    if not decision.allowed:
        raise TooManyRequests(
            "Too many wrong credentials came from your address.",
            retry_after=decision.reset_seconds,
        )


async def _limit_rate(request: Request, service: Service, caller: Caller) -> None:
    if caller.through is not None:
        return
    decision = await service.limiter.take(f"{caller.workspace_id}:{caller.key}", caller.rate_limit)
    request.state.response_headers = decision.headers()
    if not decision.allowed:
        raise TooManyRequests(
            f"This credential may make {decision.limit} requests a minute.",
            retry_after=decision.reset_seconds,
        )


class Require:
    """Dependency that names the permission of its route and hands the caller to the endpoint."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        caller: Caller = request.state.caller
        caller.must(self.permission)
        return caller


def permission_of(route: APIRoute) -> str | None:
    """The permission that `route` declares."""
    return next(_permissions(route.dependant), None)


def _permissions(dependant: Dependant) -> Iterator[str]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Require):
            yield inner.call.permission
        yield from _permissions(inner)


def streamed_type(route: APIRoute) -> str | None:
    """The media type of a body that is not JSON, as `openapi_extra` says it."""
    told: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return next((name for name in told if name != "application/json"), None)


def given_type(route: APIRoute) -> str | None:
    """The media type of a good answer; None for one without a body."""
    if route.status_code == 204:  # noqa: PLR2004
        return None
    content: dict[str, Any] = route.responses.get(200, {}).get("content", {})
    return next(iter(content), "application/json")


def require(permission: str) -> Any:
    """`caller: Annotated[Caller, require("records:write")]`, at each route: deny by default, and
    the permission is visible where the operation is.
    """
    return Depends(Require(permission))


async def _open_uow(request: Request) -> UnitOfWork:
    uow: UnitOfWork = await request.state.open_transaction()
    return uow


async def _begin_uow(request: Request) -> Callable[[], Awaitable[UnitOfWork]]:
    begin: Callable[[], Awaitable[UnitOfWork]] = request.state.open_transaction
    return begin


async def _the_service(request: Request) -> Service:
    return service_of(request)


Uow = Annotated[UnitOfWork, Depends(_open_uow)]
"""The transaction of this request: read-only for GET. Committed before the response leaves."""
BeginUow = Annotated[Callable[[], Awaitable[UnitOfWork]], Depends(_begin_uow)]
"""The same, begun when it is first called: for an endpoint that asks others before it writes."""
TheService = Annotated[Service, Depends(_the_service)]


EditedTag = Annotated[
    str | None, Header(alias="if-match", description='ETag of the version you edited: `"v3"`.')
]


async def _if_match(if_match: EditedTag = None) -> int | None:
    """The version a client edited. `*` accepts any, so None."""
    if if_match is None:
        raise PreconditionRequired
    return _version(if_match)


async def _if_match_at_will(if_match: EditedTag = None) -> int | None:
    return None if if_match is None else _version(if_match)


def _version(if_match: str) -> int | None:
    if if_match.strip() == "*":
        return None
    tag = if_match.strip().strip('"')
    if not (tag.startswith("v") and tag[1:].isdigit() and len(tag) < 12):  # noqa: PLR2004
        raise PreconditionFailed("The ETag is not one of ours. Read the resource again.")
    return int(tag[1:])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""Version from `If-Match`, None for `*`; 428 without the header."""
IfMatchAtWill = Annotated[int | None, Depends(_if_match_at_will)]
"""As `IfMatch`, where a client may also write without having read."""


def etag(version: int) -> str:
    return f'"v{version}"'


def check_version(expected: int | None, actual: int) -> None:
    """Raises `PreconditionFailed` when someone else changed the resource first."""
    if expected is not None and expected != actual:
        raise PreconditionFailed(
            f"You edited version {expected}; it is now at version {actual}. Read it again.",
            current_version=actual,
        )


def not_modified(request: Request, version: int) -> bool:
    tags = request.headers.get("if-none-match", "")
    return etag(version) in (part.strip() for part in tags.split(","))


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text, "content": {"application/problem+json": {}}}
    for status, text in {
        400: "The request could not be read.",
        401: "No valid credential.",
        403: "The credential may not do this.",
        404: "Absent, or in another workspace.",
        409: "The current state does not allow this.",
        412: "Someone else changed it first.",
        422: "Some values cannot be accepted; see `errors`.",
        428: "Send If-Match.",
        429: "Too many requests.",
        503: "Temporarily unavailable; retry after `Retry-After`.",
    }.items()
}


class _FeatureRouter(APIRouter):
    """Looked into for its own paths only: the framework would try the routes of every feature, one
    by one, until one fits.
    """

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix=prefix, **options)
        self._head = prefix.partition("{")[0]

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        return super().matches(scope) if path.startswith(self._head) else (Match.NONE, {})


def api_router(prefix: str, tag: str) -> APIRouter:
    """Router of one feature: authenticated, transactional, its errors documented."""
    return _FeatureRouter(
        prefix=prefix, tags=[tag], route_class=TransactionRoute, responses=_PROBLEMS
    )
