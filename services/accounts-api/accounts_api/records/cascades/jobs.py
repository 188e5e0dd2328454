from accounts_api.records.cascades import service
from shared.worker import Loop


def cascades_loop() -> Loop:
    return Loop("cascades", service.step, every=5.0)
