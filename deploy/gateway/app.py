"""The gateway as an ASGI app: its own few routes, and everything else through the proxy."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from deploy.gateway import problems
from deploy.gateway.compression import Compression
from deploy.gateway.description import FRESH_SECONDS, Answers, Describer
from deploy.gateway.merged import WORKSPACE_DOCUMENT
from deploy.gateway.overlays import Answer, WorkspaceDocuments
from deploy.gateway.pages import Pages
from deploy.gateway.proxy import Proxy
from deploy.routes import LARGER_BODIES
from shared.settings import ServiceName
from shared.transport.middleware import PlainAnswers, RequestContext, RequestLimits, refuse
from shared.transport.refusal import Refusal
from shared.web.accept import accepts

_OWN = (
    "/",
    "/docs",
    "/livez",
    "/llms.txt",
    "/openapi.json",
    "/problems",
    "/readyz",
    WORKSPACE_DOCUMENT,
    "/v1/status",
)
_OWN_BELOW = ("/docs/", "/problems/")
_ASK_SECONDS = 5.0
# A service builds its document when it is first asked for it, which takes seconds.
_BUILD_SECONDS = 60.0
_FRESH = f"public, max-age={FRESH_SECONDS:g}"
_REFUSED = 400
_FAILED = 500


class Gateway:
    def __init__(
        self, upstreams: dict[ServiceName, str], public_url: str, *, warm: bool = False
    ) -> None:
        self._warm = warm
        self._upstreams = upstreams
        self._public_url = public_url
        self._proxy = Proxy(upstreams)
        self._describer = Describer(self._ask_for_documents, public_url)
        self._workspace_documents = WorkspaceDocuments(self._ask_accounts, self._describer)
        self._own = Starlette(
            routes=[
                Route("/", _to_docs),
                Route("/livez", _alive),
                Route("/readyz", self._ready),
                Route("/openapi.json", self._openapi),
                Route(WORKSPACE_DOCUMENT, self._workspace_document),
                Route("/v1/status", self._status),
                *Pages(self._describer).routes,
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: self._own_error, Refusal: self._own_error},
        )
        self._own.router.redirect_slashes = False
        larger = {path: size for paths in LARGER_BODIES.values() for path, size in paths.items()}
        limited = RequestLimits(self._answer, larger, gzipped=None)
        self._app = Compression(PlainAnswers(RequestContext(limited, service="gateway")))

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(self._describer.warm()) if self._warm else None
        yield
        if warming is not None:
            warming.cancel()
        await self._describer.close()
        await self._proxy.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._own if scope["type"] == "lifespan" else self._app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["path"] in _OWN or scope["path"].startswith(_OWN_BELOW):
                await self._own(scope, receive, send)
            else:
                await self._proxy(scope, receive, send)
        except Refusal as refusal:
            await refuse(refusal, scope, send, self._public_url)

    async def _own_error(self, request: Request, error: Exception) -> Response:
        """Starlette's own 404 and 405 leave in our form."""
        refusal = problems.no_route(request.url.path)
        if isinstance(error, Refusal):
            refusal = error
        elif isinstance(error, HTTPException) and error.status_code == 405:  # noqa: PLR2004
            refusal = problems.no_method((error.headers or {}).get("Allow", ""))
        request_id = request.state.request_id
        response = Response(refusal.body(self._public_url, request_id), refusal.status)
        response.raw_headers += refusal.headers(request_id)
        return response

    async def _ready(self, _: Request) -> Response:
        """Ready when every service is."""
        answers = await self._ask_all("/readyz")
        waiting = sorted(name for name, answer in answers.items() if answer[0] != 200)  # noqa: PLR2004
        if waiting:
            return PlainTextResponse(f"waiting for {', '.join(waiting)}", 503)
        return PlainTextResponse("ok")

    async def _openapi(self, request: Request) -> Response:
        _must_accept_json(request)
        return (await self._describer.describe()).kept.answer(request, {"cache-control": _FRESH})

    async def _workspace_document(self, request: Request) -> Response:
        _must_accept_json(request)
        return await self._workspace_documents.answer(request)

    async def _ask_accounts(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Raises `Refusal` when the service does not answer."""
        url = self._upstreams["accounts"].rstrip("/") + path
        try:
            async with (
                asyncio.timeout(_BUILD_SECONDS),
                self._proxy.session.get(url, headers=headers) as answer,
            ):
                told = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, told, await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise problems.away("accounts") from error

    async def _ask_for_documents(self) -> Answers:
        return await self._ask_all("/openapi.json", seconds=_BUILD_SECONDS)

    async def _status(self, request: Request) -> Response:
        """What each service says of itself to this caller; one that is away is named."""
        heard = ("authorization", "accept")
        headers = {name: request.headers[name] for name in heard if name in request.headers}
        answers = await self._ask_all(f"/v1/status?{request.url.query}", headers)
        for status, body in answers.values():
            if _REFUSED <= status < _FAILED:
                return Response(body, status, media_type="application/problem+json")
        services = {
            service: from_json(body) if status == 200 else {"status": "unavailable"}  # noqa: PLR2004
            for service, (status, body) in answers.items()
        }
        return Response(to_json({"services": services}), media_type="application/json")

    async def _ask_all(
        self, path: str, headers: dict[str, str] | None = None, seconds: float = _ASK_SECONDS
    ) -> dict[ServiceName, tuple[int, bytes]]:
        """Status and body by service; status 0 for one that does not answer."""

        async def ask(url: str) -> tuple[int, bytes]:
            try:
                async with (
                    asyncio.timeout(seconds),
                    self._proxy.session.get(url.rstrip("/") + path, headers=headers) as answer,
                ):
                    return answer.status, await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                return 0, b""

        answers = await asyncio.gather(*(ask(url) for url in self._upstreams.values()))
        return dict(zip(self._upstreams, answers, strict=True))


def _must_accept_json(request: Request) -> None:
    if not accepts(request.headers.get("accept", ""), "application/json"):
        raise Refusal(406, "not_acceptable", "No answer of this kind is given here")


async def _to_docs(_: Request) -> Response:
    return RedirectResponse("/docs")


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok")
