"""Routes for operators and for our own services. The gateway never exposes `/internal`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import Caller
from shared.errors import Forbidden, Unauthorized
from shared.events.routes import subscribers
from shared.feed.reader import MAX_PAGE, events_after
from shared.service import Service
from shared.tokens import ServiceClaims
from shared.web.routing import service_of

router = APIRouter(include_in_schema=False)


async def trusted_peer(request: Request) -> ServiceClaims:
    """Only another of our services, by its token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("This route is for services.")
    return await service_of(request).verifier.verify(token)


Peer = Annotated[ServiceClaims, Depends(trusted_peer)]


async def acting(request: Request, peer: Peer) -> Caller:
    """The caller that the service acts for, with its current permissions."""
    caller: Caller = await request.app.state.authenticate.by_service(peer)
    return caller


Acting = Annotated[Caller, Depends(acting)]


def on_behalf(permission: str) -> Any:
    """`caller: Annotated[Caller, on_behalf("records:write")]`, at each route that services use for
    somebody, as `require` is at the public ones.
    """

    async def permitted(caller: Acting) -> Caller:
        caller.must(permission)
        return caller

    return Depends(permitted)


@router.get("/livez")
async def livez() -> Response:
    return Response("ok", media_type="text/plain")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Ready means: not draining, PostgreSQL answers, the schema is at least the one this code was
    built for (while a release rolls out, the old one serves beside newer migrations). Redis is not
    needed to serve.
    """
    service = service_of(request)
    if service.draining:
        return Response("draining", 503, media_type="text/plain")
    async with service.units.across_workspaces(read_only=True) as scope:
        head = await scope.value(str, text("select version_num from alembic_version"))
    expected = request.app.state.migration_head
    if expected is not None and (head is None or head < expected):
        return Response(f"migrations at {head}, need {expected}", 503, media_type="text/plain")
    return Response("ok", media_type="text/plain")


@router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/.well-known/jwks.json")
async def jwks(request: Request) -> dict[str, Any]:
    return service_of(request).signer.jwks


@router.get("/internal/events")
async def feed(
    request: Request,
    peer: Peer,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 200,
    shard: Annotated[int, Query(ge=0)] = 0,
    shards: Annotated[int, Query(ge=1, le=256)] = 1,
) -> Response:
    """This service's events of all workspaces after a cursor, in commit order."""
    if peer.workspace_id != "*":
        raise Unauthorized("The feed of all workspaces needs a token for all workspaces.")
    if peer.issuer not in subscribers(service_of(request).name):
        raise Forbidden("This service does not subscribe to us.")
    async with service_of(request).units.across_workspaces(read_only=True) as scope:
        page = await events_after(scope, after, limit, shard=shard, shards=shards)
    return Response(page.model_dump_json(), media_type="application/json")


_CHECKPOINTS = text("select publisher, shard, cursor, failures, last_error from checkpoints")
_FEED_END = text(
    "select coalesce(max(xid::text || '.' || seq::text), '') as cursor from"
    " (select xid, seq from events order by xid desc, seq desc limit 1) last"
)
_DEAD = text("select count(*) from dead_events where replayed_at is null")


async def feed_state(service: Service) -> dict[str, Any]:
    """Where this service's own feed ends, and how far it has read the others."""
    async with service.units.across_workspaces(read_only=True) as scope:
        end = await scope.one_value(str, _FEED_END)
        checkpoints = await scope.mappings(_CHECKPOINTS)
        dead = await scope.one_value(int, _DEAD)
    return {
        "service": service.name,
        "feed_end": end,
        "checkpoints": checkpoints,
        "dead_events": dead,
    }
