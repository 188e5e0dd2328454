"""A connection to each simulator, and what a test asks of its connector."""

from collections.abc import AsyncIterator

import pytest

from sync_worker.connectors import registry
from tests.connectors.conformance.far import CASES, Case
from tests.connectors.conformance.near import Near
from tests.harness import Tenure


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    found: Case = request.param
    connectors = tuple(each.connector for each in CASES)
    monkeypatch.setattr(registry, "RECORD_CONNECTORS", connectors)
    return found


@pytest.fixture
async def near(tenure: Tenure, case: Case) -> AsyncIterator[Near]:
    async with case.far() as far:
        made = await Near.connected(tenure, case, far)
        yield made
        await made.pause()
