"""Sends what is due: claims as many mails as there are free slots and hands them over side by side.
A slow server keeps its own slot busy and no other.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from sequencer.mail.current_values.service import Asker, Asking
from sequencer.mail.sending import queries, service
from sequencer.mail.sending.claims import ClaimedDelivery, claim
from sequencer.mail.sending.delivery import HandOver
from sequencer.settings import SequencerSettings
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.service import Service

log = get_logger(__name__)

_CLOCK = (Cause(type="system", id="clock", label="a mail fell due"),)
_WORKSPACES_AT_ONCE = 50


@dataclass
class Dispatcher:
    settings: SequencerSettings
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _asking: Asking = field(default_factory=Asking)

    async def step(self, the_service: Service) -> bool:
        """True while something is under way or was dealt with. When the process is told to stop,
        what is under way is finished first.
        """
        dealt_with = await self._fill_slots(the_service)
        busy = {*self._under_way, *self._asking.under_way}
        if busy:
            await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
            if the_service.draining:
                await asyncio.wait(busy)
            self._collect()
            return True
        return dealt_with

    async def _fill_slots(self, the_service: Service) -> bool:
        free = self.settings.send_slots - len(self._under_way)
        if free <= 0:
            return False
        async with the_service.units.across_workspaces() as scope:
            waiting = await queries.workspaces_with_due_messages(scope, _WORKSPACES_AT_ONCE)
        dealt_with = False
        share = max(free // len(waiting), 1) if waiting else 0
        for workspace_id in waiting:
            if free <= 0:
                break
            faultpoint("send.before_claim")
            work = partial(
                claim,
                service=the_service,
                settings=self.settings,
                limit=min(share, free),
                values=self._asking.answer(workspace_id),
            )
            taken = await the_service.units.attempt(workspace_id, _CLOCK, work, what="sending")
            if taken is None:
                continue
            faultpoint("send.after_claim")
            free -= len(taken.claimed)
            dealt_with = dealt_with or taken.others > 0
            for delivery in taken.claimed:
                self._start(the_service, delivery)
            self._asking.begin(Asker(the_service, workspace_id, _CLOCK), taken.wanted)
        return dealt_with

    def _start(self, the_service: Service, claimed: ClaimedDelivery) -> None:
        run = HandOver(the_service, self.settings, claimed).run()
        self._under_way.add(asyncio.create_task(run, name=f"send:{claimed.message.id}"))

    def _collect(self) -> None:
        """A hand-over that raised left its row to the recovery; the reason belongs in the log."""
        done = {task for task in self._under_way if task.done()}
        self._under_way -= done
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("delivery failed", exc_info=error)


async def recover_lapsed(the_service: Service) -> bool:
    return await service.recover(the_service) > 0
