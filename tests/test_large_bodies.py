"""A process that is sent 400 MB without a length keeps its memory: it counts what comes and hangs
up.

In a process of its own, whose memory is then nobody else's.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.harness import Tenure, Workspace
from tests.web_processes import WebProcess, web_process

MEGABYTE = 1024 * 1024
OFFERED = 400 * MEGABYTE
AT_ONCE = 4
ALLOWED_GROWTH_KB = 16 * 1024
"""A hundredth of what four offer at once: of each no more is kept than the most a body may have."""
_CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
async def process(tenure: Tenure) -> AsyncIterator[WebProcess]:
    async with web_process(tenure, "accounts") as made:
        yield made


async def _offer(process: WebProcess, key: str, size: int = OFFERED) -> tuple[int, bytes]:
    """Stream until all is sent or the process hangs up: bytes sent, and what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    head = (
        f"POST /v1/members HTTP/1.1\r\nhost: tenure\r\nauthorization: Bearer {key}\r\n"
        "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    writer.write(head.encode())
    # Listening while it sends: a connection that breaks under the sender takes unread words along.
    listening = asyncio.create_task(reader.read(4096))
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < size and not listening.done():
            writer.write(_CHUNK)
            await writer.drain()
            sent += len(_CHUNK)
        writer.write(b"0\r\n\r\n")
    try:
        said = await listening
    except ConnectionError:
        said = b""
    writer.close()
    return sent, said


async def _offer_at_once(process: WebProcess, key: str) -> list[tuple[int, bytes]]:
    async with asyncio.timeout(60):
        return await asyncio.gather(*(_offer(process, key) for _ in range(AT_ONCE)))


async def test_a_body_without_end_costs_no_memory(tenure: Tenure, process: WebProcess) -> None:
    ws: Workspace = await tenure.workspace()
    await _offer_at_once(process, ws.keys["admin"])  # what the first requests load stays
    before = await process.memory_kb()
    answers = await _offer_at_once(process, ws.keys["admin"])
    grown = await process.memory_kb() - before
    assert grown < ALLOWED_GROWTH_KB, f"{grown} kB more than before"
    assert max(sent for sent, _ in answers) < OFFERED / 10
    # Cut off in the middle of a sentence, a client may or may not still hear the answer.
    assert {said[:13] for _, said in answers} <= {b"HTTP/1.1 413 ", b""}
    assert len((await ws.admin.get("/v1/members")).json()["data"]) == 2


async def test_a_body_a_little_too_large_is_told_so(tenure: Tenure, process: WebProcess) -> None:
    ws = await tenure.workspace()
    for _ in range(20):
        _, said = await _offer(process, ws.keys["admin"], 5 * MEGABYTE)
        assert said.startswith(b"HTTP/1.1 413 ")


async def test_a_declared_length_is_refused_before_the_body_comes(
    tenure: Tenure, process: WebProcess
) -> None:
    ws = await tenure.workspace()
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(
        b"POST /v1/members HTTP/1.1\r\nhost: tenure\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n"
        % (ws.keys["admin"].encode(), OFFERED)
    )
    async with asyncio.timeout(10):
        assert (await reader.read(4096)).startswith(b"HTTP/1.1 413 ")
    writer.close()
