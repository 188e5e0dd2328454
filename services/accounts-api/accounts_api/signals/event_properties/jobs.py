from accounts_api.signals.event_properties import service
from shared.worker import Loop


def filling_loop() -> Loop:
    return Loop("product-event-properties", service.fill, every=10.0)
