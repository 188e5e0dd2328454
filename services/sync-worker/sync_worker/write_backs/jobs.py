"""The loop that writes values back."""

from shared.worker import Loop
from sync_worker.crew import Crew
from sync_worker.write_backs import service


def loop() -> Loop:
    crew = Crew("write back", service.claim, service.push, hands=4)
    return Loop("write-backs", crew.step)
