from accounts_api.automation.handovers import moving
from shared.worker import Loop


def handovers_loop() -> Loop:
    return Loop("handovers", moving.step)
