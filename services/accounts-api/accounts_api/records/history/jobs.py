from accounts_api.records.history import service
from shared.worker import Loop

_SIX_HOURS = 6 * 3600.0


def partitions_loop() -> Loop:
    return Loop("history-partitions", service.make_partitions, every=_SIX_HOURS)
