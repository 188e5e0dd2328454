"""Requests per minute and principal, counted across processes without a Redis call per request.

A process leases a block of the minute's tokens from Redis and spends it locally; when Redis is away
it grants itself the block (fail open). Headers follow draft-ietf-httpapi-ratelimit-headers.
"""

import time
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

_WINDOW = 60
_BLOCKS = 50
_RETRY_REDIS_SECONDS = 2.0


@dataclass(slots=True)
class Budget:
    window: int
    local: int = 0
    used_elsewhere: int = 0


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


class RateLimiter:
    def __init__(self, redis_url: str, limit: int) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2)
        self._limit = limit
        self._budgets: dict[str, Budget] = {}
        self._redis_away_until = 0.0

    async def close(self) -> None:
        await self._redis.aclose()

    async def take(self, principal: str, limit: int | None = None) -> Decision:
        limit = limit or self._limit
        now = time.time()
        window = int(now) // _WINDOW
        budget = self._budgets.get(principal)
        if budget is None or budget.window != window:
            budget = self._budgets[principal] = Budget(window)
            if len(self._budgets) > 10_000:  # noqa: PLR2004
                self._budgets = {k: b for k, b in self._budgets.items() if b.window == window}
        if budget.local == 0:
            await self._lease(principal, budget, limit)
        reset = _WINDOW - int(now) % _WINDOW
        if budget.local == 0:
            return Decision(allowed=False, limit=limit, remaining=0, reset_seconds=reset)
        budget.local -= 1
        remaining = max(limit - budget.used_elsewhere, 0) + budget.local
        return Decision(allowed=True, limit=limit, remaining=remaining, reset_seconds=reset)

    async def _lease(self, principal: str, budget: Budget, limit: int) -> None:
        block = max(limit // _BLOCKS, 1)
        if time.monotonic() < self._redis_away_until:
            budget.local = block
            return
        key = f"tenure:rate:{principal}:{budget.window}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.incrby(key, block)
                pipe.expire(key, 2 * _WINDOW)
                used = int((await pipe.execute())[0])
        except (RedisError, OSError):
            self._redis_away_until = time.monotonic() + _RETRY_REDIS_SECONDS
            budget.local = block
            return
        budget.used_elsewhere = used
        budget.local = max(min(block, limit - (used - block)), 0)
