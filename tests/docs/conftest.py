from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.gateways import serving_gateway
from tests.harness import Tenure


@pytest.fixture(scope="module")
async def gateway(tenure: Tenure) -> AsyncIterator[str]:
    async with serving_gateway(tenure) as url:
        # Here a service describes itself when first asked, which takes longer than a gateway waits.
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            for service_url in tenure.urls.values():
                (await client.get(f"{service_url}/openapi.json")).raise_for_status()
        yield url
