"""A worker that sends what is due and ends: `python -m tests.sequencer.sender`, to be killed."""

import asyncio

from sequencer.sending.jobs import Dispatcher
from sequencer.settings import SequencerSettings
from shared.service import Service
from shared.settings import Settings


async def main() -> None:
    service = Service.build("sequencer", Settings())
    dispatcher = Dispatcher(SequencerSettings())
    while await dispatcher.step(service):
        pass
    await service.close()


if __name__ == "__main__":
    asyncio.run(main())
