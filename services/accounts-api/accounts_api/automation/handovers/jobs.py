from accounts_api.automation.handovers import moving
from shared.worker import Loop


def hand_overs_loop() -> Loop:
    return Loop("handovers", moving.step)
