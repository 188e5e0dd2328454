"""The worker process: this service handles the events of others, and does what falls due."""

import asyncio

from sequencer.mail.sending.jobs import Dispatcher, recover_lapsed
from sequencer.sequences.due_work.jobs import plan_due_enrollments, reconcile_due_opportunities
from sequencer.settings import SequencerSettings
from sequencer.subscriptions import SUBSCRIPTIONS
from sequencer.wiring import WIRING
from shared.service import Service
from shared.settings import Settings
from shared.worker import Loop, feed_loops, run_worker


def build(settings: Settings) -> Service:
    return Service.build("sequencer", settings, WIRING)


def loops(service: Service) -> list[Loop]:
    dispatcher = Dispatcher(SequencerSettings.read())
    return [
        *feed_loops(service, SUBSCRIPTIONS),
        Loop("reevaluation", reconcile_due_opportunities),
        Loop("due-steps", plan_due_enrollments),
        Loop("sending", dispatcher.step),
        Loop("recovery", recover_lapsed, every=5.0),
    ]


async def main() -> None:
    service = build(Settings.read())
    await run_worker(service, loops(service))


if __name__ == "__main__":
    asyncio.run(main())
