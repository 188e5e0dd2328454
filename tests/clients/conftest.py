import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.making import make_python_package
from tests.gateways import serving_gateway
from tests.harness import Tenure

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
async def gateway(tenure: Tenure) -> AsyncIterator[str]:
    async with serving_gateway(tenure) as url:
        yield url


@pytest.fixture(scope="session")
def python_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_python_package(tmp_path_factory.mktemp("client"))


@pytest.fixture
async def workers(tenure: Tenure) -> AsyncIterator[None]:
    """They work for as long as the test runs, and go on after an error, as worker processes do."""

    async def work() -> None:
        while True:
            try:
                await tenure.settle()
            except Exception:
                log.exception("work failed")
            await asyncio.sleep(0.1)

    # What tests before have left is not for the minute that a client waits.
    await tenure.settle(within=150)
    task = asyncio.create_task(work())
    yield
    task.cancel()
    await asyncio.wait([task])
