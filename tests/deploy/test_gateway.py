import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from deploy.gateway.app import Gateway
from deploy.gateway.merged import merge
from deploy.machine.processes import free_port
from shared.settings import SERVICES, ServiceName
from tests.deploy.staging import Stage, Upstream, raw, served


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/accounts", "accounts"),
        ("/v1/segments/1/members", "accounts"),
        ("/v1/tasks/1/complete", "tasks"),
        ("/v1/note-templates", "tasks"),
        ("/v1/enrollments?limit=5&cursor=a%2Fb", "sequencer"),
        ("/v1/unsubscribe/abc", "sequencer"),
        ("/s/abc", "accounts"),
        ("/v1/events?after=", "sync"),
        ("/v1/webhook-endpoints/by%20name", "sync"),
    ],
)
async def test_each_path_reaches_its_service_as_it_was_sent(
    client: httpx2.AsyncClient, path: str, service: str
) -> None:
    got = (await client.get(path)).json()
    assert got["service"] == service
    assert got["path"] + (f"?{got['query']}" if got["query"] else "") == path


@pytest.mark.parametrize(
    "path",
    [
        "/internal/events",
        "/v1/accounts/../../internal/events",
        "/v1/accounts/%2e%2e/%2e%2e/internal/events",
        "/v1/accounts/..%2f..%2finternal/events",
        "/v1/accounts/..%5c..%5cinternal",
        "//internal/events",
        "/metrics",
        "/.well-known/jwks.json",
        "/v1/nothing",
        "/v1",
        "/docs/assets/../../app.py",
    ],
)
async def test_what_is_not_public_is_absent(stage: Stage, path: str) -> None:
    status, _, body = await raw(stage.url, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert status == 404
    problem = json.loads(body)
    assert problem["code"] == "not_found"
    assert problem["request_id"].startswith("req_")
    assert problem["type"] == "https://tenure.test/problems/not-found"


async def test_what_services_would_trust_is_taken_off_at_the_gateway(
    client: httpx2.AsyncClient,
) -> None:
    forged = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=10.0.0.1",
        "X-Tenant-Id": "someone else's",
        "X-Workspace-Id": "someone else's",
        "X-Service-Name": "accounts",
        "X-Real-IP": "10.0.0.1",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "X-Plain": "kept",
        "Authorization": "Bearer tnr_live_x",
    }
    got = (await client.get("/v1/accounts", headers=forged)).json()["headers"]
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["x-forwarded-proto"] == "http"
    assert got["x-plain"] == "kept"
    assert got["authorization"] == "Bearer tnr_live_x"
    for name in ("forwarded", "x-tenant-id", "x-workspace-id", "x-service-name", "x-real-ip"):
        assert name not in got
    assert "x-hop" not in got


async def test_a_request_id_is_kept_when_well_formed_and_made_otherwise(
    client: httpx2.AsyncClient,
) -> None:
    for given, kept in (("req_12345678", True), ("x\ty", False), ("short", False)):
        got = (await client.get("/v1/accounts", headers={"X-Request-Id": given})).json()
        assert (got["headers"]["x-request-id"] == given) is kept
    refused = await client.get("/v1/nothing", headers={"X-Request-Id": "req_12345678"})
    assert refused.headers["x-request-id"] == "req_12345678"


async def test_status_headers_and_body_come_back_untouched(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/accounts", content=b'{"name":"Caf\xc3\xa9"}')
    assert answer.status_code == 201
    assert answer.headers["x-from"] == "service"
    assert answer.json()["body"] == '{"name":"Café"}'
    assert (await client.head("/v1/accounts")).headers["content-length"] != "0"


async def test_long_bodies_stream_through(client: httpx2.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    declared = {"Content-Length": "4000000"}
    known = await client.put("/v1/accounts/bulk", content=pieces(), headers=declared)
    assert known.json()["size"] == 4_000_000
    undeclared = await client.put("/v1/accounts/bulk", content=pieces())
    assert undeclared.json()["size"] == 4_000_000
    assert undeclared.json()["headers"]["content-length"] == "4000000"


async def test_a_body_that_a_service_refuses_by_its_length_is_never_sent_to_it(
    client: httpx2.AsyncClient,
) -> None:
    for _ in range(20):
        answer = await client.post("/v1/accounts/refuse-large", content=b"x" * 900_000)
        assert answer.status_code == 413
        assert answer.json()["code"] == "payload_too_large"


async def test_an_endless_body_without_length_is_refused(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 100_000

    answer = await client.post("/v1/accounts", content=endless())
    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"


async def test_a_stream_ends_for_the_service_when_its_reader_leaves(
    stage: Stage, client: httpx2.AsyncClient
) -> None:
    async with client.stream("GET", "/v1/events/drip") as answer:
        assert await anext(answer.aiter_raw()) == b"first\n"
    async with asyncio.timeout(5):
        await stage.upstreams["sync"].left.wait()


async def test_a_service_that_is_away_or_breaks_off_is_told_apart() -> None:
    upstream = Upstream("tasks")
    port = free_port()
    away = f"http://127.0.0.1:{free_port()}"
    urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, away)
    async with (
        served(upstream, port) as tasks_url,
        served(Gateway(urls | {"tasks": tasks_url, "sync": away}, ""), free_port()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        gone = await client.get("/v1/accounts")
        assert (gone.status_code, gone.json()["code"]) == (503, "unavailable")
        assert gone.headers["retry-after"] == "1"
        assert gone.headers["content-type"] == "application/problem+json"

        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 503
        half = (await client.get("/v1/status", headers={"Authorization": "x"})).json()
        assert half["services"]["tasks"] == {"feed": "1.2"}
        assert half["services"]["accounts"] == {"status": "unavailable"}


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Takes a request and hangs up without a word."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_that_is_lost_says_that_the_request_may_have_worked() -> None:
    async with silent_server() as silent:
        urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, silent)
        async with (
            served(Gateway(urls, ""), free_port()) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            lost = await client.post("/v1/accounts", content=b"{}")
            assert (lost.status_code, lost.json()["code"]) == (502, "bad_gateway")
            assert "Idempotency-Key" in lost.json()["detail"]


async def test_a_service_that_hangs_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.gateway.proxy._ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        urls: dict[ServiceName, str] = dict.fromkeys(SERVICES, url)
        async with (
            served(Gateway(urls, ""), free_port()) as gateway,
            httpx2.AsyncClient(base_url=gateway, trust_env=False) as client,
        ):
            late = await client.get("/v1/accounts")
            assert (late.status_code, late.json()["code"]) == (504, "gateway_timeout")


async def test_one_document_holds_every_operation_and_each_component_once(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) == {"/v1/status", *(f"/v1/{name}" for name in SERVICES)}
    status = document["paths"]["/v1/status"]["get"]
    assert status["operationId"] == "get_status"
    (answer,) = status["responses"]["200"]["content"].values()
    assert set(answer["schema"]["properties"]["services"]["properties"]) == set(SERVICES)
    assert document["servers"] == [{"url": "https://tenure.test"}]
    assert document["tags"] == [{"name": "things"}]
    assert list(document["components"]["schemas"]) == ["Problem"]


async def test_ready_only_when_every_service_is(stage: Stage, client: httpx2.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 200
    stage.upstreams["sequencer"].ready = False
    waiting = await client.get("/readyz")
    stage.upstreams["sequencer"].ready = True
    assert (waiting.status_code, waiting.text) == (503, "waiting for sequencer")


async def test_status_wants_a_credential_and_asks_every_service(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("/v1/status")).status_code == 401
    status = (await client.get("/v1/status", headers={"Authorization": "Bearer x"})).json()
    assert status == {"services": {name: {"feed": "1.2"} for name in SERVICES}}


def test_a_name_that_means_two_things_is_told_apart() -> None:
    def document(kind: str) -> dict[str, Any]:
        schema = {"$ref": "#/components/schemas/Tag"}
        tag = {"type": kind, "properties": {"inner": schema}}
        responses = {"200": {"content": {"application/json": {"schema": schema}}}}
        return {
            "info": {},
            "paths": {f"/v1/{kind}": {"get": {"responses": responses}}},
            "components": {"schemas": {"Tag": tag, "Problem": {"type": "object"}}},
        }

    merged = merge({"accounts": document("object"), "tasks": document("array")}, "", version="1")
    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"Tag", "TasksTag", "Problem"}
    assert schemas["TasksTag"]["properties"]["inner"] == {"$ref": "#/components/schemas/TasksTag"}
    answer = merged["paths"]["/v1/array"]["get"]["responses"]["200"]["content"]
    assert answer["application/json"]["schema"] == {"$ref": "#/components/schemas/TasksTag"}
    untouched = merged["paths"]["/v1/object"]["get"]["responses"]["200"]["content"]
    assert untouched["application/json"]["schema"] == {"$ref": "#/components/schemas/Tag"}
