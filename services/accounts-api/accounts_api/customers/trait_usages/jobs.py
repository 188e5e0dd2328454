from accounts_api.customers.trait_usages import service
from shared.worker import Loop


def clearing_loop() -> Loop:
    return Loop("deleted-traits", service.clear_buried, every=30.0)
