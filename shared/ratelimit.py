"""Requests per minute and principal, counted across processes without a Redis call per request.

A process leases a block of the minute's tokens from Redis and spends it locally; when Redis is away
it grants itself the block (fail open). Headers follow draft-ietf-httpapi-ratelimit-headers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.logging import get_logger

log = get_logger(__name__)

_WINDOW = 60
_BLOCKS = 50
_RETRY_REDIS_SECONDS = 2.0
_MOST_BUDGETS = 10_000

Count = Callable[[str, int], Awaitable[int]]
"""Adds to what all processes together have leased under a key, and returns the sum.

Raises `RedisError` or `OSError`.
"""


@dataclass(slots=True)
class Budget:
    """What this process may still grant of one minute."""

    window: int
    left: int = 0
    leased: int = 0
    """By all processes, when this one last asked. At the limit there is nothing left to ask for."""
    leasing: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={_WINDOW}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_seconds}',
        }


class RedisCount:
    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2)

    async def close(self) -> None:
        await self._redis.aclose()

    async def __call__(self, key: str, block: int) -> int:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.incrby(key, block)
            pipe.expire(key, 2 * _WINDOW)
            return int((await pipe.execute())[0])


class RateLimiter:
    def __init__(self, count: Count, limit: int) -> None:
        self._count = count
        self._limit = limit
        self._budgets: dict[str, Budget] = {}
        self._redis_away_until = 0.0

    async def take(self, principal: str, limit: int | None = None) -> Decision:
        limit = limit or self._limit
        now = time.time()
        budget = self._budget(principal, int(now) // _WINDOW)
        while budget.left == 0 and budget.leased < limit:
            await self._lease(principal, budget, limit)
        allowed = budget.left > 0
        budget.left -= allowed
        return Decision(
            allowed=allowed,
            limit=limit,
            remaining=budget.left + max(limit - budget.leased, 0),
            reset_seconds=_WINDOW - int(now) % _WINDOW,
        )

    def _budget(self, principal: str, window: int) -> Budget:
        budget = self._budgets.get(principal)
        if budget is None or budget.window != window:
            budget = self._budgets[principal] = Budget(window)
            if len(self._budgets) > _MOST_BUDGETS:
                self._budgets = {k: b for k, b in self._budgets.items() if b.window == window}
        return budget

    async def _lease(self, principal: str, budget: Budget, limit: int) -> None:
        """Lease once for all requests that wait meanwhile. A cancelled request does not cancel the
        lease, because what Redis has counted must not be lost.
        """
        if budget.leasing is None:
            budget.leasing = asyncio.create_task(self._add(principal, budget, limit))
        await asyncio.shield(budget.leasing)

    async def _add(self, principal: str, budget: Budget, limit: int) -> None:
        block = max(limit // _BLOCKS, 1)
        try:
            if time.monotonic() >= self._redis_away_until:
                budget.leased = await self._count(f"tenure:rate:{principal}:{budget.window}", block)
                block = max(min(block, limit - budget.leased + block), 0)
        except (RedisError, OSError) as error:
            self._redis_away_until = time.monotonic() + _RETRY_REDIS_SECONDS
            log.warning("rate limits are counted by each process alone", error=type(error).__name__)
        finally:
            budget.leasing = None
        budget.left += block
