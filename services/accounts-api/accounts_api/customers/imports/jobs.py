from accounts_api.customers.imports import service
from shared.worker import Loop


def old_files_loop() -> Loop:
    return Loop("import-file-retention", service.forget_old, every=600.0)
