"""What a limit grants: never more, and never less because many ask at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ratelimit import RateLimiter, RedisCount


class SlowCount:
    """Counts as Redis does, and answers after as many turns of the loop as it is told."""

    def __init__(self, turns: Iterator[int]) -> None:
        self.turns = turns
        self.counted: Counter[str] = Counter()
        self.asking: Counter[int] = Counter()

    def beside(self) -> Any:
        """As one process sees it, which has one question under way at most."""
        process = len(self.asking)
        self.asking[process] = 0

        async def count(key: str, block: int) -> int:
            self.asking[process] += 1
            assert self.asking[process] == 1
            await self._wait()
            self.counted[key] += block
            total = self.counted[key]
            await self._wait()
            self.asking[process] -= 1
            return total

        return count

    async def _wait(self) -> None:
        for _ in range(next(self.turns, 0)):
            await asyncio.sleep(0)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 400),
    asked=st.lists(st.integers(1, 150), min_size=1, max_size=3),
    turns=st.lists(st.integers(0, 4), max_size=40),
    late=st.lists(st.integers(0, 3), max_size=60),
    cancelled=st.sets(st.integers(0, 149), max_size=10),
)
def test_as_many_are_let_through_as_the_limit_says_in_any_order(
    limit: int, asked: list[int], turns: list[int], late: list[int], cancelled: set[int]
) -> None:
    async def one(limiter: RateLimiter, wait: int) -> bool:
        for _ in range(wait):
            await asyncio.sleep(0)
        return (await limiter.take("key")).allowed

    async def all_at_once() -> tuple[int, int]:
        count = SlowCount(iter(turns))
        waits = iter(late)
        tasks = [
            asyncio.create_task(one(limiter, next(waits, 0)))
            for limiter, number in [(RateLimiter(count.beside(), limit), n) for n in asked]
            for _ in range(number)
        ]
        await asyncio.sleep(0)
        for number in cancelled:
            if number < len(tasks):
                tasks[number].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(a, bool | asyncio.CancelledError) for a in answers)
        return answers.count(True), sum(isinstance(a, bool) for a in answers)

    with patch("shared.ratelimit.time.time", return_value=120.0):
        allowed, asking = asyncio.run(all_at_once())
    block = max(limit // 50, 1)
    unspent = (len(asked) - 1) * block
    assert min(limit - unspent, asking) <= allowed <= min(limit, asking)


@pytest.mark.parametrize("limit", [6_000, 1_000])
async def test_nobody_is_refused_early_by_a_real_redis(
    servers: tuple[str, str], limit: int
) -> None:
    """200 at once, of a key's limit and of that on wrong credentials."""
    redis = RedisCount(servers[1])
    limiter = RateLimiter(redis, limit)
    principal = f"key-{time.time_ns()}"
    allowed = 0
    with patch("shared.ratelimit.time.time", return_value=time.time()):
        for _ in range(limit // 200):
            decisions = await asyncio.gather(*(limiter.take(principal) for _ in range(200)))
            allowed += sum(decision.allowed for decision in decisions)
        refused = await limiter.take(principal)
    await redis.close()
    assert allowed == limit
    assert (refused.allowed, refused.remaining) == (False, 0)


async def test_without_redis_each_process_grants_itself_what_is_asked() -> None:
    async def count(key: str, block: int) -> int:
        raise ConnectionError

    limiter = RateLimiter(count, 10)
    assert all([(await limiter.take("key")).allowed for _ in range(30)])
