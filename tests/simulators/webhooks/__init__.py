"""Partners' webhook endpoints: they answer by script, keep what came and verify who signed it."""

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
