"""Wait for something to become true, and say so when it does not."""

import asyncio
import time
from collections.abc import Callable


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never became true"
        await asyncio.sleep(0.05)
