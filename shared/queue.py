"""The doorbell. Redis carries no work, only "look again": the rows in PostgreSQL are the work.

arq loses a job that raises, and its worker ends when Redis restarts. Neither matters for a ring: a
loop also looks for work by time. This is the only file that uses arq.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker as ArqWorker
from arq.worker import func
from prometheus_client import Counter
from pydantic_core import from_json, to_json
from redis.exceptions import RedisError

from shared.logging import get_logger
from shared.settings import ServiceName

log = get_logger(__name__)

RINGS = Counter("tenure_doorbell_rings_total", "Rings by outcome", ["service", "outcome"])
_JOB = "ring"
_GATHER_SECONDS = 0.01
_REST_SECONDS = 0.1


def _queue_name(service: ServiceName) -> str:
    return f"tenure:{service}:doorbell"


def _dumps(value: dict[str, Any]) -> bytes:
    return to_json(value, fallback=str)


def _settings(url: str) -> RedisSettings:
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = 1
    settings.conn_retries = 0
    return settings


class Bell:
    """Rings services. Never raises and never waits for Redis: callers have already committed.

    A ring costs a millisecond and says nothing new. So those within 10 ms become one, and those of
    the next tenth of a second, too: under load a process rings ten times a second, whatever it
    writes.
    """

    def __init__(self, redis_url: str) -> None:
        self._settings = _settings(redis_url)
        self._pool: ArqRedis | None = None
        self._wanted: set[ServiceName] = set()
        self._task: asyncio.Task[None] | None = None

    def ring(self, services: Sequence[ServiceName]) -> None:
        self._wanted.update(services)
        if self._wanted and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        while self._wanted:
            await asyncio.sleep(_GATHER_SECONDS)
            services, self._wanted = self._wanted, set()
            for service in services:
                await self._ring_one(service)
            await asyncio.sleep(_REST_SECONDS)

    async def _ring_one(self, service: ServiceName) -> None:
        try:
            async with asyncio.timeout(1.0):
                if self._pool is None:
                    self._pool = await create_pool(self._settings, job_serializer=_dumps)
                await self._pool.enqueue_job(_JOB, _queue_name=_queue_name(service), _expires=60)
            RINGS.labels(service, "rung").inc()
        except (RedisError, OSError, TimeoutError) as error:
            RINGS.labels(service, "lost").inc()
            log.warning("doorbell could not be rung", target=service, error=type(error).__name__)
            await self._drop_pool()

    async def _drop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(RedisError, OSError):
                await pool.aclose()

    async def close(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task], timeout=1.0)
        await self._drop_pool()


async def listen(redis_url: str, service: ServiceName, on_ring: Callable[[], None]) -> None:
    """Call `on_ring` for every ring, until cancelled; outlives restarts of Redis."""

    async def ring(ctx: dict[Any, Any]) -> None:
        on_ring()

    pause = 0.2
    while True:
        worker = None
        try:
            pool = await create_pool(
                _settings(redis_url),
                job_serializer=_dumps,
                job_deserializer=from_json,
                default_queue_name=_queue_name(service),
            )
            worker = ArqWorker(
                functions=[func(ring, name=_JOB, keep_result=0, timeout=5)],
                redis_pool=pool,
                queue_name=_queue_name(service),
                handle_signals=False,
                poll_delay=0.05,
                max_jobs=20,
                health_check_interval=3600,
                job_serializer=_dumps,
                job_deserializer=from_json,
            )
            pause = 0.2
            await worker.async_run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (arq ends on any Redis trouble; start it again)
            log.warning("doorbell unavailable", error=type(error).__name__)
        finally:
            if worker is not None:
                with contextlib.suppress(Exception):
                    await worker.close()
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)
