"""A gateway in front of the services that tests run."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from deploy.gateway.app import Gateway
from tests.harness import QuietServer, Tenure


@asynccontextmanager
async def serving_gateway(tenure: Tenure) -> AsyncIterator[str]:
    """Its address."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        Gateway(tenure.urls, url), log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield url
    server.should_exit = True
    await task
