"""The route that every public operation uses: caller, transaction, commit, then the answer.

The commit happens here and not after a dependency's `yield`, so that the answer of an idempotent
request can be stored in the same transaction, and so that a client never holds a 201 for a commit
that failed.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

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
    BadRequest,
    NotAcceptable,
    PreconditionFailed,
    PreconditionRequired,
    UnsupportedMediaType,
)
from shared.service import Service
from shared.uow import UnitOfWork
from shared.values import strict_json
from shared.web.accept import accepts
from shared.web.all_faults import further_faults, reports_all_faults, shown_body
from shared.web.callers import authenticated, limit_rate
from shared.web.idempotency import IdempotentRequest
from shared.web.parameters import Parameters
from shared.web.problems import PROBLEM_CONTENT, faults_of, not_stored

_SAFE = {"GET", "HEAD"}


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

    def replace_body(self, body: Any) -> None:
        """Let the endpoint read another body than the one that was sent."""
        self._json = body

    def must_stream(self, media_type: str) -> None:
        """Check a request whose endpoint reads the body as a stream."""
        if self._media_type() != media_type:
            raise UnsupportedMediaType(f"Send {media_type}.")
        if "idempotency-key" in self.headers:
            raise BadRequest("Leave out Idempotency-Key: sending this again does the same again.")

    def _media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @override
    async def json(self) -> Any:
        return self._json


def _is_about_body_members(error: RequestValidationError) -> bool:
    return isinstance(error.body, dict) and all(
        fault["loc"][:1] == ("body",) for fault in error.errors()
    )


@dataclass(frozen=True)
class Admission:
    """What a request must be before its endpoint sees it."""

    permission: str
    parameters: Parameters
    streamed: str | None
    """The media type of a body that its endpoint reads as it comes."""
    response_media_type: str | None
    begins_itself: bool
    """The endpoint begins its transaction itself, after it has asked other services: no lock is
    held while they answer.
    """

    @classmethod
    def to(cls, route: APIRoute) -> "Admission":
        permission = permission_of(route)
        if permission is None:
            raise TypeError(f"{route.path} says with no `require(...)` who may use it.")
        return cls(
            permission,
            Parameters(route.dependant),
            streamed_media_type(route),
            response_media_type(route),
            any(inner.call is _begin_uow for inner in route.dependant.dependencies),
        )

    async def check(self, request: JsonRequest, caller: Caller) -> None:
        """Raises the refusal. A caller without the permission learns of no other fault."""
        caller.must(self.permission)
        if self.response_media_type and not accepts(
            request.headers.get("accept", ""), self.response_media_type
        ):
            raise NotAcceptable(f"Accept {self.response_media_type}.")
        self.parameters.check(request.query_params)
        if self.streamed is None:
            await request.parse()
        else:
            request.must_stream(self.streamed)


class Replayed(Exception):
    """The request was answered before, as `response` says."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class TransactionRoute(APIRoute):
    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()
        admission = Admission.to(self)
        shown = shown_body(self)

        async def handle(plain: Request) -> Response:
            request = JsonRequest(plain.scope, plain.receive)
            service = service_of(request)
            caller = await authenticated(request, service)
            await limit_rate(request, service, caller)
            await admission.check(request, caller)
            idempotent = (
                await IdempotentRequest.read(request, caller)
                if admission.streamed is None
                else None
            )
            if idempotent and admission.begins_itself:
                async with service.units.begin(caller.workspace_id, caller.cause) as uow:
                    if stored := await idempotent.replay(uow, service.secrets):
                        return stored
            async with AsyncExitStack() as stack:
                opened: list[UnitOfWork] = []

                async def open_transaction() -> UnitOfWork:
                    """Raises `Replayed` when the request was answered before."""
                    if not opened:
                        begin = service.units.begin(
                            caller.workspace_id,
                            caller.cause,
                            read_only=request.method in _SAFE,
                        )
                        opened.append(await stack.enter_async_context(begin))
                        if idempotent and (
                            stored := await idempotent.replay(opened[0], service.secrets)
                        ):
                            raise Replayed(stored)
                    return opened[0]

                request.state.open_transaction = open_transaction
                try:
                    if idempotent and not admission.begins_itself:
                        await open_transaction()
                    response = await self._answer(endpoint, request, shown)
                    if idempotent and response.status_code < 400:  # noqa: PLR2004
                        await idempotent.store(await open_transaction(), response, service.secrets)
                except Replayed as replayed:
                    return replayed.response
            return response

        return handle

    async def _answer(
        self,
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]],
        request: JsonRequest,
        shown: Any,
    ) -> Response:
        try:
            return await endpoint(request)
        except RequestValidationError as error:
            if not reports_all_faults(self.endpoint) or not _is_about_body_members(error):
                raise
            faults = faults_of(error.errors(), error.body)
            faults += await further_faults(endpoint, request, request.replace_body, shown, faults)
            raise not_stored(faults) from error


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


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


def streamed_media_type(route: APIRoute) -> str | None:
    """The media type of a body that is not JSON, as `openapi_extra` says it."""
    content: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return next((name for name in content if name != "application/json"), None)


def response_media_type(route: APIRoute) -> str | None:
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


async def _service(request: Request) -> Service:
    return service_of(request)


Uow = Annotated[UnitOfWork, Depends(_open_uow)]
"""The transaction of this request: read-only for GET. Committed before the response leaves."""
BeginUow = Annotated[Callable[[], Awaitable[UnitOfWork]], Depends(_begin_uow)]
"""The same, begun when it is first called: for an endpoint that asks others before it writes."""
ServiceDep = Annotated[Service, Depends(_service)]


EditedTag = Annotated[
    str | None, Header(alias="if-match", description='ETag of the version you edited: `"v3"`.')
]


async def _if_match(if_match: EditedTag = None) -> int | None:
    """The version a client edited. `*` accepts any, so None."""
    if if_match is None:
        raise PreconditionRequired
    return _version(if_match)


async def _optional_if_match(if_match: EditedTag = None) -> int | None:
    return None if if_match is None else _version(if_match)


def _version(if_match: str) -> int | None:
    if if_match.strip() == "*":
        return None
    # A gateway that compresses makes the tag weak (RFC 9110 8.8.1); a version is one either way.
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not (tag.startswith("v") and tag[1:].isdigit() and len(tag) < 12):  # noqa: PLR2004
        raise PreconditionFailed("The ETag is not one of ours. Read the resource again.")
    return int(tag[1:])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""Version from `If-Match`, None for `*`; 428 without the header."""
OptionalIfMatch = Annotated[int | None, Depends(_optional_if_match)]
"""As `IfMatch`, where a client may also write without having read."""


def etag(version: int) -> str:
    return f'"v{version}"'


def not_modified(request: Request, version: int) -> bool:
    tags = request.headers.get("if-none-match", "")
    return etag(version) in (part.strip().removeprefix("W/") for part in tags.split(","))


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": PROBLEM_CONTENT}
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
