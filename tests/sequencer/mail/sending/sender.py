"""A worker that sends what is due and ends, to be killed:
`python -m tests.sequencer.mail.sending.sender`.
"""

import asyncio
import os
import sys
from asyncio.subprocess import Process

from sequencer import worker
from sequencer.mail.sending.jobs import Dispatcher
from sequencer.settings import SequencerSettings
from shared.settings import Settings
from tests.harness import Tenure


async def sender(tenure: Tenure, faultpoints: str) -> Process:
    environment = {
        **os.environ,
        **tenure.environment("sequencer"),
        "TENURE_FAULTPOINTS": faultpoints,
        "TENURE_SEND_SLOTS": "1",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, env=environment)


async def main() -> None:
    service = worker.build(Settings())
    dispatcher = Dispatcher(SequencerSettings())
    while await dispatcher.step(service):
        pass
    await service.close()


if __name__ == "__main__":
    asyncio.run(main())
