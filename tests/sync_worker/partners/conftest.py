"""A sink on a socket of its own, and a partner whose endpoints point to it."""

from collections.abc import AsyncIterator

import pytest

from tests.harness import Tenure
from tests.simulators.webhooks import WebhookSink
from tests.sync_worker.partners.making import Partner


@pytest.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as running:
        yield running


@pytest.fixture
async def partner(tenure: Tenure, sink: WebhookSink) -> AsyncIterator[Partner]:
    made = Partner(tenure, await tenure.workspace("Partner"), sink)
    yield made
    for endpoint_id in made.ids.values():
        await made.ws.admin.delete(f"/v1/webhook-endpoints/{endpoint_id}")
