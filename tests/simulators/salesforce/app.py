"""The simulated Salesforce as one ASGI application: OAuth, REST and the control routes."""

import base64
import binascii
import re
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.simulators.control import Controlled, control_routes
from tests.simulators.salesforce import (
    bulk_api,
    composite_api,
    control_api,
    query_api,
    record_api,
    replication_api,
)
from tests.simulators.salesforce.auth import OAuthError
from tests.simulators.salesforce.errors import ApiError, not_found
from tests.simulators.salesforce.world import USER, WORLD, Call, World, reply

VERSIONS = {"60.0": "Spring '24", "61.0": "Summer '24", "62.0": "Winter '25"}
LONGEST_HEAD = 16_384
"""Bytes of request line and headers together."""


def create_app(world: World) -> Controlled:
    routes = [
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/oauth2/authorize", authorize, methods=["GET"]),
        Route("/services/oauth2/revoke", revoke, methods=["POST"]),
        Route("/services/oauth2/userinfo", identity),
        Route("/id/{org_id}/{user_id}", identity),
        Route("/services/data", versions),
        Route("/services/data/", versions),
        Mount("/services/data/{version}", RequireSession(world)),
        *control_routes(world.clock, world.faults, world.log),
        *control_api.routes(world),
    ]
    app = Starlette(routes=routes, exception_handlers={
        ApiError: refuse, OAuthError: refuse_token, HTTPException: refuse_route,
    })  # fmt: skip
    return Controlled(_with_world(app, world), clock=world.clock, faults=world.faults,
                      log=world.log)  # fmt: skip


def _with_world(app: ASGIApp, world: World) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope[WORLD] = world
        await app(scope, receive, send)

    return call


class RequireSession:
    """Lets a request of the REST API in: version, session, quota, and the header about it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._inner = Starlette(
            routes=[
                Route("/", resources),
                Route("/limits", limits),
                Route("/limits/", limits),
                *query_api.ROUTES,
                *replication_api.ROUTES,
                *composite_api.ROUTES,
                *record_api.ROUTES,
                *bulk_api.ROUTES,
            ],
            exception_handlers={
                ApiError: refuse,
                HTTPException: refuse_route,
                record_api.Ambiguous: choose,
            },
        )
        # A path with a slash too many is not there, rather than somewhere else.
        self._inner.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            _check_version(request.path_params["version"])
            _check_head(scope)
            scope[USER] = self._world.auth.user_of(request.headers.get("authorization"))
            self._world.usage.spend()
        except ApiError as error:
            await reply(error.body(), error.status)(scope, receive, send)
            return
        scope[composite_api.INNER_APP] = self._inner
        usage = f"api-usage={self._world.usage.spent}/{self._world.usage.allowed}"

        async def send_with_usage(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"], (b"sforce-limit-info", usage.encode())
                ]  # fmt: skip
            await send(message)

        await self._inner(scope, receive, send_with_usage)


def _check_version(name: str) -> None:
    if name.removeprefix("v") in VERSIONS:
        return
    if re.fullmatch(r"v\d+\.0", name) and float(name[1:]) < 31:
        message = f"API version {name[1:]} is retired and no longer supported."
        raise ApiError(410, "UNSUPPORTED_API_VERSION", message)
    raise not_found()


def _check_head(scope: Scope) -> None:
    head = len(scope["raw_path"]) + len(scope["query_string"])
    head += sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if head > LONGEST_HEAD:
        raise ApiError(414, "URI_TOO_LONG", f"URI and headers exceed {LONGEST_HEAD} bytes")


async def refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return reply(error.body(), error.status)


async def refuse_token(_: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    return JSONResponse(error.body, error.status)


async def refuse_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        return await refuse(request, not_found())
    allowed = (error.headers or {}).get("Allow", "")
    message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
    return await refuse(request, ApiError(405, "METHOD_NOT_ALLOWED", message))


async def choose(_: Request, error: Exception) -> Response:
    assert isinstance(error, record_api.Ambiguous)
    return reply(error.urls, 300)


# OAuth


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "content type must be a form")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_client", "invalid client credentials", 401) from error
    return name, secret


async def token(request: Request) -> Response:
    world: World = request.scope[WORLD]
    opened = world.auth.token(await _form(request), _basic(request), _base(request))
    world.keep()
    return JSONResponse(opened, headers={"Cache-Control": "no-cache, no-store"})


async def authorize(request: Request) -> Response:
    world: World = request.scope[WORLD]
    query = request.query_params
    answer = {"code": world.auth.authorize(query), "state": query.get("state", "")}
    return RedirectResponse(f"{query.get('redirect_uri', '')}?{urlencode(answer)}", 302)


async def revoke(request: Request) -> Response:
    world: World = request.scope[WORLD]
    world.auth.revoke((await _form(request)).get("token", ""))
    world.keep()
    return Response(status_code=200)


async def identity(request: Request) -> Response:
    """Who the session is, at the address that the token response calls `id`."""
    world: World = request.scope[WORLD]
    user_id = world.auth.user_of(request.headers.get("authorization"))
    user = world.org.latest(user_id)
    return JSONResponse(
        {
            "id": f"{_base(request)}/id/{world.auth.org_id}/{user_id}",
            "user_id": user_id,
            "organization_id": world.auth.org_id,
            "username": user["Username"],
            "display_name": user["Name"],
            "email": user["Email"],
            "active": user["IsActive"],
            "timezone": user["TimeZoneSidKey"],
        }
    )


# REST without records


async def versions(_: Request) -> Response:
    return JSONResponse(
        [
            {"label": label, "url": f"/services/data/v{version}", "version": version}
            for version, label in VERSIONS.items()
        ]
    )


async def resources(request: Request) -> Response:
    base = Call.of(request).base
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    return reply({name: f"{base}/{name}" for name in names})


async def limits(request: Request) -> Response:
    usage = Call.of(request).world.usage
    return reply(
        {
            "DailyApiRequests": {"Max": usage.allowed, "Remaining": usage.allowed - usage.spent},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
            "DataStorageMB": {"Max": 5, "Remaining": 3},
            "HourlyTimeBasedWorkflow": {"Max": 1_000, "Remaining": 1_000},
        }
    )
