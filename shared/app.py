"""Builds the web process of a service."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from shared.logging import configure_logging
from shared.openapi.document import install_openapi
from shared.routers import internal
from shared.service import Service
from shared.settings import ServiceName, Settings
from shared.tracing import Tracing
from shared.transport.middleware import PlainAnswers, RequestContext, RequestLimits
from shared.uow import Wiring
from shared.web.authenticate import AskAccounts, Authenticator, Introspection
from shared.web.problems import install_problems

VERSION = "1.0.0"


def _operation_id(route: APIRoute) -> str:
    """`create_segment`: the endpoint's name, so endpoint names are unique over all services."""
    return route.name


def build_app(
    name: ServiceName,
    *,
    title: str,
    summary: str,
    routers: Sequence[APIRouter],
    tags: Sequence[Mapping[str, Any]],
    settings: Settings | None = None,
    migration_head: str | None = None,
    introspection: Callable[[Service], Introspection] = AskAccounts,
    larger_bodies: Mapping[str, int] | None = None,
    gzipped_bodies: Collection[str] = (),
    wiring: Wiring = (),
) -> FastAPI:
    """`larger_bodies` maps paths or their ends to byte limits above the usual 1 MiB;
    bodies of the paths `gzipped_bodies` may be compressed.
    """
    settings = settings or Settings.read()
    tracing = Tracing(name)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """The service closes last: requests under way still need its pool."""
        configure_logging(settings.log_level, name)
        service = Service.build(name, settings, wiring)
        tracing.follow_statements(service.db.engine)
        app.state.service = service
        app.state.authenticate = Authenticator(service, introspection(service))
        # Describing two hundred operations takes seconds: not on the event loop, not when asked.
        app.state.describing = asyncio.create_task(asyncio.to_thread(app.openapi))
        yield
        await asyncio.wait([app.state.describing])
        await service.close()
        tracing.close()

    app = FastAPI(
        title=title,
        summary=summary,
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_tags=[dict(tag) for tag in tags],
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.public_url = settings.public_url
    app.state.migration_head = migration_head
    # Our own last: routers are tried one after the other.
    for router in (*routers, internal.router):
        app.include_router(router)
    install_problems(app)
    install_openapi(app)
    app.add_middleware(RequestLimits, larger=dict(larger_bodies or {}), gzipped=gzipped_bodies)
    app.add_middleware(RequestContext, service=name)
    app.add_middleware(PlainAnswers)
    tracing.follow_requests(app)
    return app
