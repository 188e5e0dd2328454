from accounts_api.signals.product_events import service
from shared.worker import Loop

_SIX_HOURS = 6 * 3600.0


def partitions_loop() -> Loop:
    return Loop("product-event-partitions", service.make_partitions, every=_SIX_HOURS)


def second_look_loop() -> Loop:
    return Loop("waiting-product-events", service.attach_waiting, every=10.0)


def forgetting_loop() -> Loop:
    return Loop("product-event-retention", service.forget_old, every=3600.0)
