"""Web processes of their own, for what must not share this one's memory or environment."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.settings import ServiceName
from tests.harness import PACKAGES, Tenure


@dataclass
class WebProcess:
    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def memory_kb(self) -> int:
        """Resident set, by ps, which Linux and macOS both have."""
        process = await asyncio.create_subprocess_exec(
            "ps", "-o", "rss=", "-p", str(self.process.pid), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        return int(out)


@asynccontextmanager
async def web_process(
    tenure: Tenure, service: ServiceName, **environment: str
) -> AsyncIterator[WebProcess]:
    """Listening when it is handed over; told to stop, and gone, afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shared.serve",
        f"{PACKAGES[service].package}.main:create_app",
        "--port",
        str(port),
        env=os.environ | tenure.environment(service) | environment,
    )
    try:
        async with asyncio.timeout(60):
            while not await _listens(port):
                assert process.returncode is None, "it did not listen"
                await asyncio.sleep(0.05)
        yield WebProcess(port, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
