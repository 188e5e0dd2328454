"""The loop that sends what is due."""

import asyncio
import time

from shared.db import is_connection_loss
from shared.logging import get_logger
from shared.service import Service
from shared.worker import Loop
from sync_worker.webhook_deliveries import sending, service
from sync_worker.webhook_deliveries.client import Courier
from sync_worker.webhook_deliveries.sending import Outcome

log = get_logger(__name__)

HANDS = 50
MOST_HANDS = 200
_SLOW_SECONDS = 2.0
"""What takes longer waits aside: it no longer counts as one of `HANDS`, so that endpoints which are
slow, however many, hold up nobody else. It still counts as one of `MOST_HANDS`."""
_LOOK_AGAIN = 0.05
_GATHER = 0.01
"""Seconds: for the sake of one transaction for many, the first that ends waits for others."""


class Sender:
    """Claims as much as there are free hands, starts it, and records what has ended meanwhile: the
    busier it is, the more goes into one transaction.
    """

    def __init__(self) -> None:
        self._courier: Courier | None = None
        self._busy: dict[asyncio.Task[Outcome], float] = {}
        self._ended: list[Outcome] = []

    async def step(self, the_service: Service) -> bool:
        # First what has ended: its leases run, and its hands are not free until it is recorded.
        await self._record(the_service)
        if not the_service.draining:
            await self._start(the_service)
        if not self._busy:
            return False
        await asyncio.wait(
            list(self._busy), timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
        )
        await asyncio.wait(list(self._busy), timeout=None if the_service.draining else _GATHER)
        self._collect()
        if the_service.draining:
            await self._record(the_service)
        return True

    def _free_hands(self) -> int:
        slow_since = time.monotonic() - _SLOW_SECONDS
        quick = sum(started > slow_since for started in self._busy.values())
        return min(HANDS - quick, MOST_HANDS - len(self._busy))

    async def _start(self, the_service: Service) -> None:
        free = self._free_hands()
        if free <= 0:
            return
        if self._courier is None:
            self._courier = Courier(the_service.outside.policy)
            the_service.closers.append(self._courier.close)
        for letter in await sending.take(the_service, free):
            task = asyncio.create_task(sending.send(self._courier, letter))
            self._busy[task] = time.monotonic()

    def _collect(self) -> None:
        for task in [task for task in self._busy if task.done()]:
            del self._busy[task]
            try:
                self._ended.append(task.result())
            except Exception as error:
                # Its lease runs out, and another attempt is made.
                log.warning("webhook not sent", error=type(error).__name__, exc_info=error)

    async def _record(self, the_service: Service) -> None:
        """What cannot be recorded now is kept for the next step."""
        if not self._ended:
            return
        try:
            await sending.record(the_service, self._ended)
        except Exception as error:
            if is_connection_loss(error):
                raise
            await self._record_each(the_service)
        self._ended = []

    async def _record_each(self, the_service: Service) -> None:
        """Among them is one that cannot be recorded: it goes out again when its lease is over, and
        holds up nobody else.
        """
        for outcome in self._ended:
            try:
                await sending.record(the_service, [outcome])
            except Exception as error:
                if is_connection_loss(error):
                    raise
                log.exception("outcome not recorded", delivery_id=str(outcome.claim.id))


def loops() -> list[Loop]:
    return [
        Loop("webhooks", Sender().step),
        Loop("old webhook deliveries", service.forget_old, every=600.0),
    ]
