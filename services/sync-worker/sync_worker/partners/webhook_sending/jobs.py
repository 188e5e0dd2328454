"""The loop that sends what is due."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.db import is_connection_loss
from shared.logging import get_logger
from shared.service import Service
from shared.worker import Loop
from sync_worker.partners.webhook_deliveries import service as delivery_log
from sync_worker.partners.webhook_deliveries.rules import HAND_SECONDS
from sync_worker.partners.webhook_sending import service
from sync_worker.partners.webhook_sending.client import WebhookClient
from sync_worker.partners.webhook_sending.rows import Claim
from sync_worker.partners.webhook_sending.service import ClaimedDelivery, Outcome

log = get_logger(__name__)

HANDS = 50
MOST_HANDS = 200
_SLOW_SECONDS = 2.0
"""What takes longer waits aside: it no longer counts as one of `HANDS`, so that endpoints which are
slow, however many, hold up nobody else. It still counts as one of `MOST_HANDS`."""
_LOOK_AGAIN = 0.05
_GATHER = 0.01
"""Seconds: for the sake of one transaction for many, the first free hand waits for others."""
_MOST_PACES = 10_000


@dataclass(slots=True, eq=False)
class Hand:
    """Sends deliveries to one endpoint, one after the other: one request under way at a time."""

    deliveries: deque[ClaimedDelivery]
    since: float = field(default_factory=time.monotonic)


class Sender:
    """Records what has ended and claims as much as there are free hands, all in one transaction,
    and goes on sending meanwhile.
    """

    def __init__(self) -> None:
        self._client: WebhookClient | None = None
        self._busy: dict[asyncio.Task[None], Hand] = {}
        self._ended: list[Outcome] = []
        self._unsent: list[Claim] = []
        self._hand_is_free = asyncio.Event()
        self._paces: dict[UUID, float] = {}
        """Seconds that an endpoint which is well took for its last answer."""

    async def step(self, the_service: Service) -> bool:
        late_since = time.monotonic() - 2 * HAND_SECONDS
        self._empty([hand for hand in self._busy.values() if hand.since < late_since])
        await self._turn_over(the_service, self._free_hands())
        if not (self._busy or self._ended or self._unsent):
            return False
        await self._until_a_hand_is_free()
        if the_service.draining:
            await self._finish(the_service)
        return True

    async def _turn_over(self, the_service: Service, free: int) -> None:
        """What cannot be recorded now is kept for the next time."""
        self._hand_is_free.clear()
        ended, unsent = list(self._ended), list(self._unsent)
        if not (ended or unsent or free):
            return
        try:
            hands = await service.turn_over(the_service, free, ended, unsent, self._paces)
        except Exception as error:
            if is_connection_loss(error):
                raise
            await self._record_each(the_service, ended)
            hands = await service.turn_over(the_service, free, (), unsent, self._paces)
        del self._ended[: len(ended)], self._unsent[: len(unsent)]
        for deliveries in hands:
            self._start(the_service, Hand(deque(deliveries)))

    async def _record_each(self, the_service: Service, ended: Sequence[Outcome]) -> None:
        """Among them may be one that cannot be recorded: it goes out again when its lease is over,
        and holds up nobody else.
        """
        for outcome in ended:
            try:
                await service.record(the_service, [outcome])
            except Exception as error:
                if is_connection_loss(error):
                    raise
                log.exception("outcome not recorded", delivery_id=str(outcome.claim.id))

    def _free_hands(self) -> int:
        slow_since = time.monotonic() - _SLOW_SECONDS
        quick = sum(hand.since > slow_since for hand in self._busy.values())
        return max(0, min(HANDS - quick, MOST_HANDS - len(self._busy)))

    def _start(self, the_service: Service, hand: Hand) -> None:
        if self._client is None:
            self._client = WebhookClient(the_service.outside.policy)
            the_service.closers.append(self._client.close)
        task = asyncio.create_task(self._carry(self._client, hand))
        self._busy[task] = hand
        task.add_done_callback(self._has_ended)

    async def _carry(self, client: WebhookClient, hand: Hand) -> None:
        """Until all is sent or something does not go as ever: then another look is needed."""
        while hand.deliveries:
            outcome = await service.send(client, hand.deliveries.popleft())
            self._ended.append(outcome)
            self._learn(outcome)
            if not outcome.is_as_ever:
                return

    def _learn(self, outcome: Outcome) -> None:
        if len(self._paces) >= _MOST_PACES:
            self._paces.clear()
        if outcome.is_as_ever:
            self._paces[outcome.claim.endpoint_id] = outcome.reply.milliseconds / 1000
        else:
            self._paces.pop(outcome.claim.endpoint_id, None)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._empty([self._busy.pop(task)])
        self._hand_is_free.set()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # Its lease runs out, and another attempt is made.
            log.warning("webhook not sent", error=type(error).__name__, exc_info=error)

    def _empty(self, hands: Sequence[Hand]) -> None:
        """What they have not got to is for any hand to take."""
        for hand in hands:
            for delivery in hand.deliveries:
                self._unsent.append(delivery.claim)
                self._paces.pop(delivery.claim.endpoint_id, None)
            hand.deliveries.clear()

    async def _until_a_hand_is_free(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._hand_is_free.wait()
        if self._busy:
            await asyncio.wait(list(self._busy), timeout=_GATHER)

    async def _finish(self, the_service: Service) -> None:
        """Claim nothing more; wait for what is under way, and record it."""
        self._empty(list(self._busy.values()))
        if self._busy:
            await asyncio.wait(list(self._busy))
        await self._turn_over(the_service, 0)


def loops() -> list[Loop]:
    return [
        Loop("webhooks", Sender().step),
        Loop("webhook-delivery-retention", delivery_log.forget_old, every=600.0),
    ]
