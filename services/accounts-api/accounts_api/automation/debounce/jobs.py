from accounts_api.automation.debounce import service
from shared.worker import Loop


def debounce_loop() -> Loop:
    return Loop("segment-notifications", service.step, every=1.0)
