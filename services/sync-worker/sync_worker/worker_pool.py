"""Works on several claimed items at once, so that a slow one does not hold up the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.logging import get_logger
from shared.service import Service

log = get_logger(__name__)

Item = TypeVar("Item")
Claim = Callable[[Service, int], Awaitable[Sequence[Item]]]
Work = Callable[[Service, Item], Awaitable[None]]

_LOOK_AGAIN = 0.2
"""Seconds between looks for new work while some is under way."""
_GRACE = 10.0
"""Seconds that work under way gets when its process stops; its lease lets another one go on."""


class WorkerPool(Generic[Item]):
    """A loop's step: it claims as many items as may still be worked on, starts them, and comes back
    for more while the rest is under way.
    """

    def __init__(
        self, name: str, claim: "Claim[Item]", work: "Work[Item]", concurrency: int
    ) -> None:
        self._name = name
        self._claim = claim
        self._work = work
        self._concurrency = concurrency
        self._busy: set[asyncio.Task[None]] = set()
        self._closes_with_service = False

    async def step(self, service: Service) -> bool:
        if not self._closes_with_service:
            service.closers.append(self._finish)
            self._closes_with_service = True
        free = self._concurrency - len(self._busy)
        if free > 0 and not service.draining:
            for item in await self._claim(service, free):
                task = asyncio.create_task(self._safely(service, item), name=self._name)
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
        if not self._busy:
            return False
        await asyncio.wait(
            set(self._busy), timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
        )
        return True

    async def _finish(self) -> None:
        if not self._busy:
            return
        _, late = await asyncio.wait(set(self._busy), timeout=_GRACE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _safely(self, service: Service, item: Item) -> None:
        """What fails is found again when its lease has run out."""
        try:
            await self._work(service, item)
        except Exception as error:
            log.warning("work failed", pool=self._name, error=type(error).__name__, exc_info=error)
