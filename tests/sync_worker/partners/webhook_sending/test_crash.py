"""A worker process that is killed between the POST and its record."""

import asyncio
import signal
import sys

from tests.harness import Tenure
from tests.sync_worker.partners.making import Partner


async def test_a_delivery_whose_worker_was_killed_comes_again_with_the_same_id(
    partner: Partner, tenure: Tenure
) -> None:
    await partner.endpoint("crm")
    await partner.happen()
    environment = tenure.environment("sync") | {
        "TENURE_FAULTPOINTS": f"webhooks.after_post@{partner.ws.id}=kill",
        "PYTHONPATH": ":".join(sys.path),
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sync_worker.worker", env=environment
    )
    async with asyncio.timeout(90):
        assert await worker.wait() == -signal.SIGKILL
    (first,) = partner.received("crm")
    (delivery,) = await partner.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)
    await partner.settle()
    assert len(partner.received("crm")) == 1, "its lease has not run out yet"
    await partner.make_due()
    await partner.settle()
    _, again = partner.received("crm")
    assert again.webhook_id == first.webhook_id
    assert again.body == first.body
    assert first.verified
    assert again.verified
    (delivery,) = await partner.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 2)
