"""The route that every public operation uses: caller, transaction, commit, then the answer.

The commit happens here and not after a dependency's `yield`, so that the answer of an idempotent
request can be stored in the same transaction, and so that a client never holds a 201 for a commit
that failed.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from shared.auth import Caller
from shared.errors import BadRequest, Fault, NotAcceptable, UnsupportedMediaType
from shared.service import Service
from shared.uow import UnitOfWork
from shared.values import strict_json
from shared.web.accept import accepts
from shared.web.all_faults import further_faults, reports_all_faults, shown_body
from shared.web.callers import authenticated, limit_rate
from shared.web.idempotency import KEYED_METHODS, IdempotentRequest
from shared.web.parameters import Parameters
from shared.web.problems import faults_of, not_stored
from shared.web.versions import SAFE, Labels, calls_of, if_changed


class JsonRequest(Request):
    """Parses its body once, strictly."""

    is_without_body = False

    async def parse(self) -> None:
        body = await self.body()
        self.is_without_body = not body
        if not body:
            return
        media_type = self._media_type()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType
        self._json = strict_json.parse(body)

    def replace_body(self, body: Any) -> None:
        """Let the endpoint read another body than the one that was sent."""
        self._json = body

    def must_stream(self, media_types: Sequence[str]) -> None:
        """Check a request whose endpoint reads the body as a stream."""
        if self._media_type() not in media_types:
            raise UnsupportedMediaType(f"Send {' or '.join(media_types)}.")
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
    streamed: Sequence[str]
    """The media types of a body that its endpoint reads as it comes; empty for a JSON body."""
    response_media_type: str | None
    needs_body: bool
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
            streamed_media_types(route),
            response_media_type(route),
            route.body_field is not None and route.body_field.field_info.is_required(),
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
        if not self.streamed:
            await request.parse()
            if self.needs_body and request.is_without_body:
                # Before `If-Match` is asked for: with it there would still be nothing to do.
                raise not_stored([Fault("", "required", "Send a body.")])
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
        labels = Labels.of(self)
        shown = shown_body(self)

        async def handle(plain: Request) -> Response:
            request = JsonRequest(plain.scope, plain.receive)
            service = service_of(request)
            caller = await authenticated(request, service)
            await limit_rate(request, service, caller)
            await admission.check(request, caller)
            idempotent = (
                None if admission.streamed else await IdempotentRequest.read(request, caller)
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
                            read_only=request.method in SAFE,
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
                    labels.put_on(response, request)
                    response = if_changed(request, response)
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
    for call in calls_of(dependant):
        if isinstance(call, Require):
            yield call.permission


def hears_idempotency_key(method: str, route: APIRoute) -> bool:
    """A streamed body cannot be compared with the first one, so there a key is refused."""
    return method.upper() in KEYED_METHODS and not streamed_media_types(route)


def streamed_media_types(route: APIRoute) -> tuple[str, ...]:
    """The media types of a body that is not JSON, as `openapi_extra` says it."""
    content: dict[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return tuple(name for name in content if name != "application/json")


def response_media_type(route: APIRoute) -> str | None:
    """The media type of a good answer; None for one without a body."""
    if route.status_code == 204:  # noqa: PLR2004
        return None
    content: dict[str, Any] = route.responses.get(200, {}).get("content", {})
    return next(iter(content), "application/json")


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that can refuse as its path, parameters and method do not
    tell: a 404 for what a body names, a 409 for the state of something that is only read.
    """
    return {status: {} for status in statuses}


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


def uow_if(must_hold: Callable[[UnitOfWork], Awaitable[None]]) -> Any:
    """`SurveysUow = Annotated[UnitOfWork, uow_if(service.must_be_on)]`: the transaction of the
    request, of an operation that is there only under a condition of the workspace.
    """

    async def opened(uow: Uow) -> UnitOfWork:
        await must_hold(uow)
        return uow

    return Depends(opened)


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
    """Router of one feature: authenticated, transactional."""
    return _FeatureRouter(prefix=prefix, tags=[tag], route_class=TransactionRoute)
