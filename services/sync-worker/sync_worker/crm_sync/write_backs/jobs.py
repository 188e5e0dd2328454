"""The loop that writes values back."""

from shared.worker import Loop
from sync_worker.crm_sync.write_backs import service
from sync_worker.worker_pool import WorkerPool


def loop() -> Loop:
    pool = WorkerPool("write back", service.claim, service.push, concurrency=4)
    return Loop("write-backs", pool.step)
