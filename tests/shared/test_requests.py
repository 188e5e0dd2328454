"""What holds for every request, shown on one route."""

import asyncio
from typing import Any, Final

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.ids import new_id
from shared.settings import ServiceName
from tests.harness import Tenure, Workspace

_KEYS_HELD: Final = text(
    "select count(*) from pg_locks where locktype = 'advisory'"
    " and database = (select oid from pg_database where datname = current_database())"
)


async def count_tasks(tenure: Tenure, ws: Workspace) -> int:
    async with tenure.workers["tasks"].units.across_workspaces() as scope:
        counted = await scope.connection.execute(
            text("select count(*) from tasks where workspace_id = :id"), {"id": ws.id}
        )
        return int(counted.scalar_one())


async def test_twenty_copies_of_one_request_at_once_have_one_effect(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for number in range(5):
        headers = {"idempotency-key": f"storm-{number}"}
        body = {"title": f"Call {number}"}
        answers = await asyncio.gather(
            *(ws.admin.post("/v1/tasks", body, headers=headers) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
        final = await ws.admin.post("/v1/tasks", body, headers=headers)
        assert final.headers["idempotency-replayed"] == "true"
    assert await count_tasks(tenure, ws) == 5


async def test_a_request_that_was_refused_may_use_its_key_again(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    headers = {"idempotency-key": "mended"}
    assert (await ws.admin.post("/v1/tasks", {}, headers=headers)).status_code == 422
    mended = await ws.admin.post("/v1/tasks", {"title": "Call"}, headers=headers)
    assert mended.status_code == 201


async def test_a_large_answer_replays_as_itself(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [{"external_id": f"A-{number}", "arr": "5"} for number in range(1_000)]
    headers = {"idempotency-key": "large"}
    first = await ws.admin.post("/v1/accounts/bulk", {"rows": rows}, headers=headers)
    assert first.status_code == 200
    assert len(first.content) > 200_000
    again = await ws.admin.post("/v1/accounts/bulk", {"rows": rows}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


async def test_no_transaction_waits_while_another_service_is_asked(tenure: Tenure) -> None:
    """With an Idempotency-Key either, which belongs to the transaction of the effect."""
    ws = await tenure.workspace()
    account = (await ws.admin.post("/v1/accounts", {"name": "A"})).json()["id"]
    open_ones: list[int] = []
    peers = tenure.apps["tasks"].state.service.peers
    request = peers.request

    async def look(method: str, url: str, **options: Any) -> Any:
        async with tenure.workers["sync"].units.across_workspaces() as scope:
            open_ones.append((await scope.connection.execute(_KEYS_HELD)).scalar_one())
        return await request(method, url, **options)

    task = {"title": "Call", "subject_type": "account", "subject_id": account}
    peers.request = look
    answers = [
        await ws.admin.post("/v1/tasks", task, headers={"idempotency-key": "asked"})
        for _ in range(2)
    ]
    peers.request = request
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert open_ones, "accounts is asked whether the account is there"
    assert set(open_ones) == {0}


async def test_another_query_is_another_request(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    headers, url = {"idempotency-key": "queried"}, "/v1/members/by-external-id/m-1"
    body = {"full_name": "Ann", "email": "ann@tenure.example"}
    assert (await ws.admin.put(url, body, headers=headers)).status_code == 201
    forced = await ws.admin.put(f"{url}?force=true", body, headers=headers)
    assert (forced.status_code, forced.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_client_that_hangs_up_leaves_no_transaction_behind(tenure: Tenure) -> None:
    ws = await tenure.workspace()

    async def hang_up() -> None:
        try:
            async with asyncio.timeout(0.003):
                await ws.admin.post("/v1/tasks", {"title": "Half a request"})
        except TimeoutError:
            return

    await asyncio.gather(*(hang_up() for _ in range(30)))
    assert (await ws.admin.post("/v1/tasks", {"title": "Whole"})).status_code == 201
    async with tenure.workers["tasks"].units.across_workspaces() as scope:
        idle = await scope.connection.execute(
            text(
                "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
                " and usename = 'tenure_tasks' and pid <> pg_backend_pid()"
                " and datname = current_database()"
            )
        )
        assert idle.scalar_one() == 0


@pytest.mark.parametrize(
    ("service", "route"),
    [
        ("accounts", "/v1/accounts"),
        ("accounts", "/v1/accounts/bulk"),
        ("tasks", "/v1/tasks"),
        ("sequencer", "/v1/sequences"),
        ("sync", "/v1/connections"),
    ],
)
async def test_a_client_that_leaves_while_it_sends_is_no_fault_of_ours(
    tenure: Tenure, service: ServiceName, route: str
) -> None:
    ws = await tenure.workspace()
    left, failed = (_answered(service, route, status) for status in ("499", "500"))
    for length in ("content-length: 9000", "transfer-encoding: chunked"):
        port = int(tenure.urls[service].rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST {route} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ws.keys['admin']}\r\n"
            f"content-type: application/json\r\n{length}\r\n\r\n5\r\n{{"
        )
        writer.write(head.encode())
        await writer.drain()
        writer.close()
    async with asyncio.timeout(20):
        while _answered(service, route, "499") < left + 2:
            await asyncio.sleep(0.01)  # who has left gets no answer to wait for
    assert _answered(service, route, "500") == failed


def _answered(service: str, route: str, status: str) -> float:
    labels = {"service": service, "method": "POST", "route": route, "status": status}
    return REGISTRY.get_sample_value("tenure_requests_total", labels) or 0.0


async def test_a_body_over_the_limit_is_refused_before_it_is_read(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    large = await ws.admin.post("/v1/tasks", {"title": "x", "body": "y" * 2_000_000})
    assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")
    zipped = await ws.admin.request(
        "POST", "/v1/tasks", content=b"{}", headers={"content-encoding": "gzip"}
    )
    assert zipped.status_code == 415


async def test_an_error_names_its_request_and_keeps_the_id_the_client_gave(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    absent = await ws.admin.get(f"/v1/tasks/{new_id()}", headers={"x-request-id": "partner-4711"})
    assert absent.status_code == 404
    assert absent.json()["request_id"] == absent.headers["x-request-id"] == "partner-4711"
    made_up = await ws.admin.get("/v1/tasks", headers={"x-request-id": "bad id"})
    assert made_up.headers["x-request-id"].startswith("req_")


async def test_rate_limit_headers_tell_what_is_left(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    first = await ws.admin.get("/v1/tasks")
    second = await ws.admin.get("/v1/tasks")
    assert first.headers["ratelimit-policy"] == '"default";q=60000;w=60'
    left = [int(a.headers["ratelimit"].split("r=")[1].split(";")[0]) for a in (first, second)]
    assert left[1] < left[0] or left[1] > 59_000


async def test_no_credential_a_wrong_one_and_a_service_token_for_another_service(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    assert (await ws.anonymous.get("/v1/tasks")).status_code == 401
    wrong = await ws.anonymous.get(
        "/v1/tasks", headers={"authorization": "Bearer tnr_live_000_wrong"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthorized")
    elsewhere = tenure.workers["sync"].signer.token("accounts", ws.id)
    refused = await ws.anonymous.get("/v1/tasks", headers={"authorization": f"Bearer {elsewhere}"})
    assert refused.status_code == 401
