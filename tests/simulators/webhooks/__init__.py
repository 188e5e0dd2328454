"""Partners' webhook endpoints: they answer by script, keep what came and verify who signed it.

    async with WebhookSink() as sink:
        sink.endpoint("crm", secrets=["whsec_..."], script=[*failing(2), *throttling(5)])
        ...                                     # deliver to sink.url("crm")
        deliveries = await sink.wait_for(4, "crm")
        assert all(delivery.verified for delivery in deliveries)

`python -m tests.simulators.webhooks` runs it as a process. The same is set over HTTP at the
`control_url` that it prints: `PUT /endpoints/{name}`, `GET /deliveries`, `POST /down`, `POST /up`.
"""

from tests.simulators.webhooks.deliveries import Delivery, Ending
from tests.simulators.webhooks.script import Close, Step, failing, gone, moved, throttling
from tests.simulators.webhooks.sink import WebhookSink

__all__ = [
    "Close",
    "Delivery",
    "Ending",
    "Step",
    "WebhookSink",
    "failing",
    "gone",
    "moved",
    "throttling",
]
