"""A worker that sends what is due and ends, to be killed:
`python -m tests.sequencer.mail.sending.sender`.
"""

import asyncio

from sequencer import worker
from sequencer.mail.sending.jobs import Dispatcher
from sequencer.settings import SequencerSettings
from shared.settings import Settings


async def main() -> None:
    service = worker.build(Settings())
    dispatcher = Dispatcher(SequencerSettings())
    while await dispatcher.step(service):
        pass
    await service.close()


if __name__ == "__main__":
    asyncio.run(main())
