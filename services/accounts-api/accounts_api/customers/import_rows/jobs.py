from accounts_api.customers.import_rows import executor
from shared.worker import Loop


def imports_loop() -> Loop:
    return Loop("imports", executor.step)
