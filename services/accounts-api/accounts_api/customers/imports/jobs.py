from accounts_api.customers.imports import executor, service
from shared.worker import Loop


def imports_loop() -> Loop:
    return Loop("imports", executor.step)


def old_files_loop() -> Loop:
    return Loop("import-file-retention", service.forget_old, every=600.0)
