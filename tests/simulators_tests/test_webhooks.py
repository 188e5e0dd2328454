import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook

from tests.simulators.webhooks import (
    Close,
    Ending,
    Step,
    WebhookSink,
    failing,
    gone,
    moved,
    throttling,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"type":"account.updated","data":{"id":1}}'


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as running:
        yield running


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=5) as client:
        yield client


def signed(
    *secrets: str, body: str = BODY, webhook_id: str = "evt_1", age: int = 0
) -> dict[str, str]:
    at = datetime.fromtimestamp(int(time.time()) - age, UTC)
    signatures = [Webhook(secret).sign(webhook_id, at, body) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def test_what_arrives_is_kept_as_it_came(sink: WebhookSink, http: httpx2.AsyncClient) -> None:
    sink.endpoint("crm")
    headers = {b"X-Custom": "é".encode("latin-1")}
    answer = await http.post(f"{sink.url('crm')}?a=1", content=BODY, headers=headers)
    assert answer.status_code == 200
    (kept,) = sink.received("crm")
    assert (kept.body, kept.query, kept.method) == (BODY.encode(), "a=1", "POST")
    assert kept.header("X-Custom") == "é"
    assert kept.verified is None
    assert kept.ending is Ending.ANSWERED
    assert (await http.post(sink.url("nobody"))).status_code == 404


async def test_a_signature_is_judged_by_the_library(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    sink.endpoint("crm", secrets=[SECRET, NEW_SECRET])
    url = sink.url("crm")
    for headers, body in [
        (signed(SECRET), BODY),
        (signed(NEW_SECRET, SECRET), BODY),
        (signed(SECRET), BODY.replace(":", ": ")),
        (signed(SECRET, age=301), BODY),
        (signed(SECRET, age=-301), BODY),
        ({}, BODY),
        ({**signed(SECRET), "webhook-signature": "v1,AAAA"}, BODY),
        ({**signed(SECRET), "webhook-signature": "nonsense"}, BODY),
    ]:
        assert (await http.post(url, content=body, headers=headers)).status_code == 200
    kept = sink.received("crm")
    assert [delivery.signed_by for delivery in kept] == [[0], [0, 1], [], [], [], [], [], []]
    assert [delivery.verified for delivery in kept][:3] == [True, True, False]
    assert kept[3].problem == "Message timestamp too old"


async def test_a_strict_endpoint_refuses_what_it_cannot_verify(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    sink.endpoint("crm", secrets=[SECRET], strict=True)
    assert (await http.post(sink.url("crm"), content=BODY)).status_code == 401
    answer = await http.post(sink.url("crm"), content=BODY, headers=signed(SECRET))
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="not a webhook secret"):
        sink.endpoint("bad", secrets=["whsec_ü"])


async def test_scripts_are_played_in_order_and_end_well(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    sink.endpoint("crm", script=[*failing(2), *throttling(7)])
    answers = [await http.post(sink.url("crm"), headers=signed(SECRET)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 429, 200]
    assert answers[2].headers["Retry-After"] == "7"
    assert [delivery.attempt for delivery in sink.received("crm")] == [1, 2, 3, 4]
    sink.endpoint("left", script=gone())
    assert [(await http.post(sink.url("left"))).status_code for _ in range(3)] == [410] * 3
    sink.endpoint("moved", script=moved(sink.url("crm")))
    assert (await http.post(sink.url("moved"))).headers["Location"] == sink.url("crm")
    assert len(sink.received("crm")) == 4


async def test_a_slow_and_a_dripping_endpoint_are_left_by_the_sender(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    sink.endpoint("slow", script=[Step(delay=30)])
    sink.endpoint("drip", script=[Step(body="x" * 1000, drip=0.05)])
    with pytest.raises(httpx2.ReadTimeout):
        await http.post(sink.url("slow"), timeout=0.2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await http.post(sink.url("drip"), timeout=0.2)
    async with asyncio.timeout(5):
        while any(delivery.ending is Ending.OPEN for delivery in sink.received()):
            await asyncio.sleep(0.01)
    assert [delivery.ending for delivery in sink.received()] == [Ending.HUNG_UP] * 2
    assert 0.1 < sink.received("drip")[0].seconds < 5


async def test_bodies_can_be_huge_and_bombs(sink: WebhookSink, http: httpx2.AsyncClient) -> None:
    sink.endpoint("huge", script=[Step(body_bytes=3_000_001)])
    sink.endpoint("bomb", script=[Step(body_bytes=50_000_000, gzip=True)])
    assert len((await http.post(sink.url("huge"))).content) == 3_000_001
    async with http.stream("POST", sink.url("bomb")) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert sum([len(part) async for part in answer.aiter_raw()]) < 100_000


@pytest.mark.parametrize("close", list(Close))
async def test_a_connection_can_die_before_and_in_the_answer(
    sink: WebhookSink, http: httpx2.AsyncClient, close: Close
) -> None:
    sink.endpoint("crm", script=[Step(body='{"half":', close=close)])
    with pytest.raises(httpx2.TransportError):
        await http.post(sink.url("crm"))
    assert sink.received("crm")[0].ending is Ending.CUT
    assert (await http.post(sink.url("crm"))).status_code == 200


async def test_down_is_a_refused_connection_and_up_is_the_same_port(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    sink.endpoint("crm", script=[Step(delay=30)])
    url = sink.url("crm")
    waiting = asyncio.create_task(http.post(url))
    await sink.wait_for(1)
    await sink.down()
    with pytest.raises(httpx2.TransportError):
        await waiting
    with pytest.raises(httpx2.ConnectError):
        await http.post(url)
    await sink.up()
    assert sink.url("crm") == url
    assert (await http.post(url)).status_code == 200


async def test_everything_can_be_seen_and_set_over_http(
    sink: WebhookSink, http: httpx2.AsyncClient
) -> None:
    control = sink.control_url
    wanted = {"secrets": [SECRET], "script": [{"status": 503, "times": 1}]}
    made = (await http.put(f"{control}/endpoints/crm", json=wanted)).json()
    assert made["url"] == sink.url("crm")
    for code in (503, 200):
        headers = signed(SECRET, webhook_id="evt_7")
        answer = await http.post(made["url"], content=BODY, headers=headers)
        assert answer.status_code == code
    found: list[dict[str, Any]] = (
        await http.get(f"{control}/deliveries", params={"webhook_id": "evt_7"})
    ).json()
    assert [(one["attempt"], one["status"], one["verified"]) for one in found] == [
        (1, 503, True), (2, 200, True),
    ]  # fmt: skip
    assert json.loads(found[0]["body"]) == json.loads(BODY)
    assert (await http.get(f"{control}/endpoints")).json()[0]["deliveries"] == 2
    assert (await http.post(f"{control}/down")).status_code == 204
    with pytest.raises(httpx2.ConnectError):
        await http.post(made["url"])
    assert (await http.post(f"{control}/up")).status_code == 204
    assert (await http.delete(f"{control}/deliveries")).status_code == 204
    assert sink.received() == []
    for wrong in ({"script": [{"status": 99}]}, {"unknown": 1}, {"secrets": ["whsec_"]}):
        refused = await http.put(f"{control}/endpoints/crm", json=wrong)
        assert refused.status_code == 422, wrong


async def test_a_process_of_its_own_keeps_what_came_even_when_killed(
    tmp_path: Path, http: httpx2.AsyncClient
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulators.webhooks", "--port", "0",
        "--state", str(tmp_path), "--endpoint", "crm",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        url = f"{addresses['hooks_url']}/crm"
        assert (await http.post(url, content=BODY)).status_code == 200
        process.send_signal(signal.SIGKILL)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    async with WebhookSink(tmp_path) as sink:
        assert [delivery.body for delivery in sink.received("crm")] == [BODY.encode()]
