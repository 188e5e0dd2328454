"""The worker process: loops that find due rows, woken by the doorbell or else by time."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import uvicorn
from prometheus_client import Counter, make_asgi_app
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from typing_extensions import override

from shared import garbage_collector
from shared.db import is_connection_loss
from shared.events.routes import SUBSCRIBES_TO
from shared.feed.consumer import Consumer
from shared.feed.subscriptions import Subscriptions
from shared.logging import configure_logging, get_logger
from shared.queue import listen
from shared.service import Service
from shared.tracing import Tracing

log = get_logger(__name__)

Step = Callable[[Service], Awaitable[bool]]
FAILURES = Counter("tenure_loop_failures_total", "Steps that raised", ["service", "loop"])

_STOP_SECONDS = 20.0
_MAX_PAUSE = 10.0


@dataclass
class Loop:
    """Repeats `step`: at once while it returns True (there may be more), else at the next ring or
    after `every` seconds. A step may run in several processes at once: it claims rows. `name` is
    public: TENURE_LOOPS, metrics, logs and held work show it.
    """

    name: str
    step: Step
    every: float | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self._wake.set()

    async def run(self, service: Service) -> None:
        pause = 0.1
        while not service.draining:
            self._wake.clear()
            try:
                more = await self.step(service)
                pause = 0.1
            except asyncio.CancelledError:
                raise
            except Exception as error:
                FAILURES.labels(service.name, self.name).inc()
                lost_connection = is_connection_loss(error)
                log.warning(
                    "loop failed",
                    loop=self.name,
                    error=type(error).__name__,
                    exc_info=not lost_connection,
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _MAX_PAUSE)
                continue
            if not more:
                await self._wait(self.every or service.settings.sweep_seconds)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def feed_loops(service: Service, subscriptions: Subscriptions) -> list[Loop]:
    """One loop for each publisher this service subscribes to, and for each shard of its feed."""
    shards = service.settings.feed_shards
    loops = []
    for publisher in SUBSCRIBES_TO[service.name]:
        for shard in range(shards):
            consumer = Consumer(
                publisher, service.units, subscriptions, service.feed_page, shard, shards
            )

            async def step(_: Service, consumer: Consumer = consumer) -> bool:
                return await consumer.step()

            loops.append(Loop(f"feed:{publisher}:{shard}", step))
    return loops


async def forget_old_idempotency_keys(service: Service) -> bool:
    """Published retention: a key is remembered for 24 hours."""
    async with service.units.across_workspaces() as scope:
        deleted = await scope.run(
            text(
                "delete from idempotency_keys where ctid in (select ctid from idempotency_keys"
                " where expires_at < clock_timestamp() limit 1000)"
            )
        )
    return deleted == 1000  # noqa: PLR2004


def chosen(loops: Sequence[Loop], patterns: str) -> list[Loop]:
    """The loops that `TENURE_LOOPS` names, in their order: `imports`, all that begin alike
    (`feed:*`), or, with `!`, all but these. A pattern that names none ends the process with a
    sentence: a loop that runs nowhere is found out late.
    """
    wanted = [pattern.strip() for pattern in patterns.split(",") if pattern.strip()]
    for pattern in wanted:
        if not any(fnmatchcase(loop.name, pattern.removeprefix("!")) for loop in loops):
            names = ", ".join(loop.name for loop in loops)
            raise SystemExit(f"TENURE_LOOPS: there is no loop {pattern!r}, but {names}.")
    included = [pattern for pattern in wanted if not pattern.startswith("!")] or ["*"]
    excluded = [pattern[1:] for pattern in wanted if pattern.startswith("!")]
    return [
        loop
        for loop in loops
        if any(fnmatchcase(loop.name, pattern) for pattern in included)
        and not any(fnmatchcase(loop.name, pattern) for pattern in excluded)
    ]


async def run_worker(service: Service, loops: Sequence[Loop]) -> None:
    """Run until SIGTERM or SIGINT; then let steps under way finish for up to 20 seconds."""
    configure_logging(service.settings.log_level, f"{service.name}-worker")
    tracing = Tracing(f"{service.name}-worker")
    tracing.follow_statements(service.db.engine)
    retention = Loop("idempotency-key-retention", forget_old_idempotency_keys, every=600.0)
    running = chosen([*loops, retention], service.settings.loops)
    garbage_collector.settle()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ring_all() -> None:
        for loop in running:
            loop.ring()

    redis_url = service.settings.redis_url.get_secret_value()
    tasks = [asyncio.create_task(loop.run(service), name=loop.name) for loop in running]
    listener = asyncio.create_task(listen(redis_url, service.name, ring_all))
    host, port = service.settings.health_host, service.settings.health_port
    health = None if port is None else _HealthServer(service, host, port)
    answering = asyncio.create_task(health.serve()) if health else None
    log.info("worker started", loops=[loop.name for loop in running])
    await stop.wait()
    service.draining = True
    ring_all()
    listener.cancel()
    _, late = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, listener, return_exceptions=True)
    if health and answering:
        health.should_exit = True
        await answering
    await service.close()
    tracing.close()
    log.info("worker stopped")


def health_app(service: Service) -> Starlette:
    async def livez(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> PlainTextResponse:
        if service.draining:
            return PlainTextResponse("stopping", 503)
        try:
            async with service.units.across_workspaces() as scope:
                await scope.run(text("select 1"))
        except Exception as error:
            # Asked every few seconds: an outage must not fill the log.
            if not is_connection_loss(error):
                raise
            return PlainTextResponse("The database is not reachable.", 503)
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Mount("/metrics", make_asgi_app()),
        ]
    )


class _HealthServer(uvicorn.Server):
    """Answers until the loops have ended, so that meanwhile it can say that they do."""

    def __init__(self, service: Service, host: str, port: int) -> None:
        app = health_app(service)
        super().__init__(uvicorn.Config(app, host=host, port=port, log_config=None, lifespan="off"))

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals stay the worker's."""
        yield
