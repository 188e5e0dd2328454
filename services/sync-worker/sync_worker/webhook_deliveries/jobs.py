"""The loop that sends what is due."""

import asyncio
import time
from itertools import groupby
from uuid import UUID

from shared.logging import get_logger
from shared.service import Service
from shared.worker import Loop
from sync_worker.webhook_deliveries import sending, service
from sync_worker.webhook_deliveries.client import Courier
from sync_worker.webhook_deliveries.queries import Claim
from sync_worker.webhook_deliveries.sending import Letter, Outcome

log = get_logger(__name__)

HANDS = 50
MOST_HANDS = 200
_SLOW_SECONDS = 2.0
"""What takes longer waits aside: it no longer counts as one of `HANDS`, so that endpoints which are
slow, however many, hold up nobody else. It still counts as one of `MOST_HANDS`."""
_LOOK_AGAIN = 0.05


class Sender:
    """Claims as much as there are free hands, starts it, and records what has ended meanwhile: the
    busier it is, the more goes into one transaction.
    """

    def __init__(self) -> None:
        self._courier: Courier | None = None
        self._busy: dict[asyncio.Task[Outcome], float] = {}
        self._ended: list[Outcome] = []

    async def step(self, the_service: Service) -> bool:
        # First what a failed step before left behind: its leases run.
        await self._record(the_service)
        if not the_service.draining:
            await self._start(the_service)
        if not self._busy:
            return False
        await asyncio.wait(
            list(self._busy), timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
        )
        if the_service.draining and self._busy:
            await asyncio.wait(list(self._busy))
        self._collect()
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
        claims = sorted(await sending.claim_due(the_service, free), key=_workspace_of)
        for workspace_id, of_workspace in groupby(claims, _workspace_of):
            letters = await sending.letters_of(the_service, workspace_id, list(of_workspace))
            for letter in letters:
                self._post(self._courier, letter)

    def _post(self, courier: Courier, letter: Letter) -> None:
        task = asyncio.create_task(sending.send(courier, letter))
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
        self._ended.sort(key=lambda outcome: outcome.claim.workspace_id)
        while self._ended:
            first = self._ended[0].claim.workspace_id
            batch = [each for each in self._ended if each.claim.workspace_id == first]
            await sending.record(the_service, batch)
            self._ended = self._ended[len(batch) :]


def _workspace_of(claim: Claim) -> UUID:
    return claim.workspace_id


def loops() -> list[Loop]:
    return [
        Loop("webhooks", Sender().step),
        Loop("old webhook deliveries", service.forget_old, every=600.0),
    ]
