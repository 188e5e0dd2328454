from accounts_api.automation.segments import debounce
from shared.worker import Loop


def debounce_loop() -> Loop:
    return Loop("segment-notifications", debounce.step, every=1.0)
