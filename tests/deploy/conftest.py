"""Folders outside pytest's own, which other accounts may not enter, and a gateway."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from deploy.gateway.app import Gateway
from deploy.machine.processes import free_port
from deploy.servers.lifecycle import remove_state
from shared.settings import SERVICES
from tests.deploy.staging import Stage, served


@pytest.fixture
def state_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tenure-test-"))
    yield folder
    remove_state(folder)


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    stage.ports = {name: free_port() for name in SERVICES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in stage.ports.items()}
    async with (
        served(stage.upstreams["accounts"], stage.ports["accounts"]),
        served(stage.upstreams["tasks"], stage.ports["tasks"]),
        served(stage.upstreams["sequencer"], stage.ports["sequencer"]),
        served(stage.upstreams["sync"], stage.ports["sync"]),
        served(Gateway(urls, "https://tenure.test"), free_port()) as stage.url,
    ):
        yield stage


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stage.url, trust_env=False) as client:
        yield client
