"""What holds for the answer of every operation, and on every connection to a service."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, PUBLIC, Operation
from tests.seed_data import Furniture, furnish, url_of
from tests.web_processes import WebProcess, web_process

SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Answers") as made:
        yield made


@pytest.fixture(scope="module")
async def furniture(ws: Workspace) -> Furniture:
    return await furnish(ws)


@pytest.fixture(scope="module")
async def process(tenure: Tenure) -> AsyncIterator[WebProcess]:
    async with web_process(tenure, "tasks") as made:
        yield made


def is_safe(answer: httpx2.Response) -> bool:
    return {name: answer.headers.get(name) for name in SAFE} == SAFE


def is_problem(answer: httpx2.Response, status: int) -> bool:
    kind = answer.headers.get("content-type")
    return (answer.status_code, kind) == (status, "application/problem+json") and is_safe(answer)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_every_operation_answers_plainly(
    ws: Workspace, furniture: Furniture, operation: Operation
) -> None:
    url = url_of(operation, furniture)
    slashed = await ws.anonymous.request(operation.method, f"{url}/")
    # Of an external id the slash is a part.
    assert is_problem(slashed, 401 if url.endswith("by-external-id/no-such-thing") else 404)
    assert "location" not in slashed.headers
    if operation.id in PUBLIC:
        return
    picture = {"accept": "image/png, application/json;q=0"}
    refused = await ws.admin.request(operation.method, url, headers={"if-match": "*", **picture})
    # An answer without a body is as good as any.
    if operation.answer or not operation.writes:
        assert is_problem(refused, 406)
    if operation.writes:
        assert is_safe(await ws.admin.request(operation.method, url, headers={"if-match": "*"}))
        return
    whole = await ws.admin.get(url)
    head = await ws.admin.request("HEAD", url)
    assert is_safe(whole)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*;q=0.5", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("nonsense", 200),
        ("*/*, application/json;q=0", 406),
        ("text/csv", 406),
        ("application/problem+json", 406),
    ],
)
async def test_accept_is_heard(ws: Workspace, accept: str, status: int) -> None:
    answer = await ws.admin.get("/v1/tasks", headers={"accept": accept})
    assert answer.status_code == status


async def test_what_nobody_serves_is_a_problem(ws: Workspace) -> None:
    nobody = "/v1/tasks/0198c0de-0000-7000-8000-000000000001"
    for method, path, status, allow in [
        ("GET", "/v1/nothing", 404, None),
        ("BREW", "/v1/tasks", 405, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("PROPFIND", "/v1/tasks", 405, "GET, HEAD, POST"),
        ("HEAD", "/v1/batch", 405, "OPTIONS, POST"),
        ("OPTIONS", "/v1/tasks", 405, "GET, HEAD, POST"),
        ("POST", nobody, 405, "GET, HEAD, PATCH"),
    ]:
        answer = await ws.admin.request(method, path)
        assert is_safe(answer), (method, path)
        assert answer.status_code == status, (method, path)
        assert answer.headers["content-type"] == "application/problem+json", (method, path)
        assert answer.headers.get("allow") == allow, (method, path)
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    key = {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert is_problem(await ws.admin.get("/v1/tasks", headers=upgrade | key), 400)
    h2c = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": ""}
    assert (await ws.admin.get("/v1/tasks", headers=h2c)).status_code == 200


async def _say(process: WebProcess, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What a connection answers, to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    async with asyncio.timeout(30):
        said = await reader.read()
    writer.close()
    return said


async def test_a_credential_in_a_trailer_is_none(tenure: Tenure, process: WebProcess) -> None:
    ws = await tenure.workspace()
    head = (
        b"POST /v1/tasks HTTP/1.1\r\nhost: tenure\r\ncontent-type: application/json\r\n"
        b"connection: close\r\ntransfer-encoding: chunked\r\ntrailer: authorization\r\n\r\n"
    )
    body = json.dumps({"title": "Call"}).encode()
    trailer = f"authorization: Bearer {ws.keys['admin']}\r\n".encode()
    said = await _say(process, head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer))
    assert said.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/tasks HTTP/nonsense\r\n\r\n", b"400"),
        (b"GET /v1/tasks HTTP/1.1\r\nhost: tenure\r\nx: " + b"y" * 70_000, b"431"),
        (b"GET /v1/tasks HTTP/1.1\r\nhost: tenure\r\n" + b"x: y\r\n" * 20_000, b"431"),
        (b"GET /" + b"x" * 70_000, b"414"),
        (b"CONNECT tenure:443 HTTP/1.1\r\nhost: tenure\r\n\r\n", b"400"),
    ],
    ids=["no HTTP", "one long header", "many headers", "a long address", "CONNECT"],
)
async def test_what_is_no_request_is_a_problem(
    process: WebProcess, sent: bytes, status: bytes
) -> None:
    said = await _say(process, sent)
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"content-type: application/problem+json" in said
    assert b"cache-control: no-store" in said
