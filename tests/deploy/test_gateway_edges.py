"""What clients and links do to a gateway that they should not."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from deploy.gateway.app import Gateway
from deploy.gateway.proxy import POOL_SECONDS
from deploy.machine.processes import free_port
from deploy.routes import LARGER_BODIES
from shared.serve import KEEP_ALIVE_SECONDS
from shared.settings import SERVICES, ServiceName
from tests.deploy.staging import Stage, served
from tests.operations import app_of

MEGABYTE = 1024 * 1024
SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/docs/", {}, 404),
        ("GET", "/openapi.json/", {}, 404),
        ("POST", "/docs", {}, 405),
        ("BREW", "/v1/accounts", {}, 405),
        ("GET", "/v1/accounts", {"connection": "Upgrade", "upgrade": "websocket"}, 400),
        ("GET", "/openapi.json", {"accept": "text/csv"}, 406),
        ("GET", "/v1/accounts", {"x": "y" * 70_000}, 431),
        ("GET", "/v1/accounts?filter=" + "y" * 10_000, {}, 414),
    ],
)
async def test_what_it_does_not_serve_is_a_problem(
    client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert SAFE.items() <= dict(answer.headers).items()


async def test_every_answer_says_who_may_keep_it(client: httpx2.AsyncClient) -> None:
    kept = {
        "/v1/accounts": "no-store",
        "/livez": "no-store",
        "/docs": "public, max-age=300",
        "/docs/assets/docs.js": "public, max-age=3600",
        "/openapi.json": "public, max-age=10",
    }
    for path, said in kept.items():
        for method in ("GET", "HEAD"):
            answer = await client.request(method, path)
            assert answer.status_code == 200, path
            assert answer.headers["cache-control"] == said, path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert method == "GET" or not answer.content


def _bounds(app: FastAPI) -> dict[str, int]:
    kwargs = [each.kwargs for each in app.user_middleware if "larger" in each.kwargs]
    larger: Any = kwargs[0]["larger"]
    return {str(path): int(size) for path, size in larger.items()}


def test_gateways_take_the_bodies_that_services_take() -> None:
    assert {name: _bounds(app_of(name)) for name in SERVICES if _bounds(app_of(name))} == (
        LARGER_BODIES
    )


def test_a_connection_is_kept_longer_than_it_is_pooled() -> None:
    """Else a request now and then meets one that its service has just closed."""
    pooled_by_peers = 5.0  # the default of httpx2
    assert min(KEEP_ALIVE_SECONDS / 2, 60) > max(POOL_SECONDS, pooled_by_peers)


async def _offer(url: str, path: str, size: int) -> tuple[int, bytes]:
    """Bytes sent in chunks until it is refused, and the answer."""
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    answer = asyncio.create_task(reader.read(4096))
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < size and not answer.done():
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()
            sent += 0x4000
            await asyncio.sleep(0)
    async with asyncio.timeout(10):
        said = await answer
    writer.close()
    return sent, said


async def test_a_body_without_end_is_refused_within_a_megabyte(stage: Stage) -> None:
    for path, limit in (("/v1/accounts", 1), ("/v1/accounts/bulk", 16)):
        sent, said = await _offer(stage.url, path, 400 * MEGABYTE)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert b"payload_too_large" in said
        # What the system holds between the two comes on top.
        assert sent < (limit + 5) * MEGABYTE


async def _say(url: str, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(sent)
    async with asyncio.timeout(20):
        said = await reader.read()
    writer.close()
    return said


async def test_an_address_without_end_is_too_long(stage: Stage) -> None:
    said = await _say(stage.url, b"GET /v1/accounts?filter=" + b"y" * 100_000)
    assert said.startswith(b"HTTP/1.1 414 ")
    assert b"uri_too_long" in said


async def test_a_credential_in_a_trailer_does_not_come_through(stage: Stage) -> None:
    said = await _say(
        stage.url,
        b"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
        b"connection: close\r\ntrailer: authorization\r\n\r\n"
        b"2\r\n{}\r\n0\r\nauthorization: Bearer tnr_live_x\r\n\r\n",
    )
    got = json.loads(said.partition(b"\r\n\r\n")[2])
    assert got["size"] == 2
    assert "authorization" not in got["headers"]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (b"GET /v1/accounts HTTP/1.1\r\nhost: x\r\n", b"HTTP/1.1 408 "),
        (b"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{", b"HTTP/1.1 408 "),
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_who_is_slow_is_cut_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, sent: bytes, answered: bytes
) -> None:
    monkeypatch.setattr("shared.transport.protocol.HEAD_SECONDS", 0.2)
    monkeypatch.setattr("shared.transport.protocol.BODY_CHECK_SECONDS", 0.1)
    monkeypatch.setattr("shared.transport.protocol.SLOW_SECONDS", 0.3)
    said = await _say(stage.url, sent)
    assert said.startswith(answered)
    assert bool(said) == bool(answered)


async def test_a_connection_that_has_answered_is_not_cut_off_as_slow(
    stage: Stage, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.transport.protocol.HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stage.url.rpartition(":")[2]))
    for _ in range(3):
        writer.write(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.3)  # the head of the next request has its own time
    writer.close()


@pytest.fixture
async def own_process() -> AsyncIterator[tuple[int, "subprocess.Popen[str]"]]:
    port, away = free_port(), f"http://127.0.0.1:{free_port()}"
    urls = {f"TENURE_{name.upper()}_URL": away for name in SERVICES}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.gateway", "--port", str(port)],
        env={"PATH": "", **urls},
        stderr=subprocess.PIPE,
        text=True,
    )
    yield port, process
    process.kill()
    process.wait()


async def _reach(port: int) -> asyncio.StreamWriter:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(OSError):
                return (await asyncio.open_connection("127.0.0.1", port))[1]
            await asyncio.sleep(0.05)


async def test_its_log_is_json_and_says_nothing_bad_of_a_client_that_leaves(
    own_process: tuple[int, "subprocess.Popen[str]"],
) -> None:
    port, process = own_process
    writer = await _reach(port)
    writer.write(b"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n{")
    await writer.drain()
    writer.close()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert (await client.get("/v1/accounts")).status_code == 503
    process.terminate()
    _, said = await asyncio.to_thread(process.communicate)
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["service"] for line in lines} == {"gateway"}
    assert not [line for line in lines if "exception" in line]
    assert sorted(line["status"] for line in lines if line["message"] == "request") in (
        [499, 503],
        [503, 503],
    )


async def test_a_client_that_leaves_while_it_sends_is_no_lost_answer(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    for size in (100, 900_000):
        _, writer = await asyncio.open_connection("127.0.0.1", int(stage.url.rpartition(":")[2]))
        head = f"POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n{{"
        writer.write(head.encode())
        await writer.drain()
        await asyncio.sleep(0.05)  # until the other side has begun to read
        writer.close()
    await asyncio.sleep(0.1)
    assert [record for record in caplog.records if record.name == "uvicorn.error"] == []


async def test_a_request_that_may_be_repeated_survives_a_connection_that_was_closed() -> None:
    """As a service closes its idle ones when it stops."""
    answered = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        await reader.readuntil(b"\r\n\r\n")
        answered += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, url)
    async with (
        server,
        served(Gateway(urls, ""), free_port()) as gateway,
        httpx2.AsyncClient(base_url=gateway, trust_env=False) as client,
    ):
        for _ in range(5):
            assert (await client.get("/v1/accounts")).text == "ok"
    assert answered == 5
