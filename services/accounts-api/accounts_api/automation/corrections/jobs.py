from accounts_api.automation.corrections import service
from shared.worker import Loop


def corrections_loop() -> Loop:
    return Loop("corrections", service.step, every=2.0)
