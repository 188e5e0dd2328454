from accounts_api.imports import running, service
from shared.worker import Loop


def imports_loop() -> Loop:
    return Loop("imports", running.step)


def old_files_loop() -> Loop:
    return Loop("old import files", service.forget_old, every=600.0)
