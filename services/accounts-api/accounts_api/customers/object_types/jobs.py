from accounts_api.customers.object_types import service
from shared.worker import Loop


def clearing_loop() -> Loop:
    return Loop("deleted-object-types", service.clear_buried, every=30.0)
