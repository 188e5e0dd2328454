"""Partners that are slow, dead or hostile: cut in time and size, and nobody else notices."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import from_json

from shared.net.egress import EgressPolicy
from sync_worker.partners.webhook_deliveries import service
from sync_worker.partners.webhook_sending import service as sending
from sync_worker.partners.webhook_sending.client import MOST_BYTES, WebhookClient
from sync_worker.partners.webhook_sending.jobs import Sender
from tests.harness import Tenure
from tests.simulators.webhooks import Close, Delivery, Step, WebhookSink
from tests.sync_worker.partners.making import Partner

ANYWHERE = EgressPolicy("127.0.0.0/8")


@pytest.fixture
async def client() -> AsyncIterator[WebhookClient]:
    made = WebhookClient(ANYWHERE)
    yield made
    await made.close()


async def test_an_answer_that_drips_is_cut_and_its_status_counts(
    client: WebhookClient, sink: WebhookSink
) -> None:
    sink.endpoint("crm", script=[Step(status=200, body="x" * 1000, drip=0.05, times=None)])
    reply = await client.post(sink.url("crm"), {}, b"{}", 0.5)
    assert (reply.status, reply.error) == (200, None)
    assert 0 < len(reply.body) < 1000


async def test_no_answer_in_time_is_a_failure(client: WebhookClient, sink: WebhookSink) -> None:
    sink.endpoint("crm", script=[Step(delay=60)])
    reply = await client.post(sink.url("crm"), {}, b"{}", 0.3)
    assert (reply.status, reply.error) == (None, "No answer within 0.3 s.")


@pytest.mark.parametrize("step", [Step(body_bytes=2**30), Step(body_bytes=2**30, gzip=True)])
async def test_of_a_huge_answer_little_is_read_and_nothing_unpacked(
    client: WebhookClient, sink: WebhookSink, step: Step
) -> None:
    """A gigabyte, plain and as a bomb of one megabyte."""
    sink.endpoint("crm", script=[step])
    reply = await client.post(sink.url("crm"), {}, b"{}")
    assert reply.status == 200
    assert len(reply.body) <= MOST_BYTES
    assert reply.body.startswith(b"\x1f\x8b") == step.gzip


@pytest.mark.parametrize("close", [Close.BEFORE_ANSWER, Close.IN_BODY])
async def test_a_link_that_breaks_is_told_apart_from_an_answer(
    client: WebhookClient, sink: WebhookSink, close: Close
) -> None:
    sink.endpoint("crm", script=[Step(status=200, body="part", close=close)])
    reply = await client.post(sink.url("crm"), {}, b"{}")
    if close is Close.IN_BODY:
        assert (reply.status, reply.error) == (200, None)
    else:
        assert reply.status is None
        assert reply.error in {"The link broke.", "The server closed the connection."}


async def test_nobody_there_is_a_failure(client: WebhookClient, sink: WebhookSink) -> None:
    url = sink.url("crm")
    await sink.down()
    reply = await client.post(url, {}, b"{}")
    assert (reply.status, reply.error) == (None, "The host could not be reached.")


async def test_a_connection_is_kept_for_the_next_event(
    client: WebhookClient, sink: WebhookSink
) -> None:
    sink.endpoint("crm", script=[Step(body="fine", times=None)])
    for _ in range(5):
        assert (await client.post(sink.url("crm"), {}, b"{}")).status == 200
    pools = client._session.connector._conns  # type: ignore[union-attr]
    assert [len(pool) for pool in pools.values()] == [1]


async def test_a_name_that_comes_to_mean_a_private_address_is_not_dialled(
    sink: WebhookSink,
) -> None:
    """Judged at every send, and what was judged is what is dialled."""
    answers = ["93.184.216.34", "127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1"]
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [answers[len(asked)]]

    client = WebhookClient(EgressPolicy(resolver=rebinding))
    try:
        for _ in answers[1:]:
            url = f"https://rebinding.example:8443/{sink.port}"
            reply = await client.post(url, {}, b"{}")
            assert (reply.status, reply.error) == (None, "The host could not be reached.")
    finally:
        await client.close()
    assert asked == ["rebinding.example"] * 3
    assert sink.received() == []


async def test_a_slow_name_server_is_asked_once_at_a_time() -> None:
    asked = 0

    async def slow(host: str, port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.2)
        raise OSError("no such name")

    client = WebhookClient(EgressPolicy(resolver=slow))
    try:
        replies = await asyncio.gather(
            *(client.post("https://slow.example/", {}, b"{}") for _ in range(5))
        )
    finally:
        await client.close()
    assert {reply.error for reply in replies} == {"The host could not be reached."}
    assert asked == 1


async def test_an_address_that_became_private_is_not_called_by_the_sender(
    partner: Partner, tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    await partner.endpoint("crm")
    await partner.happen()
    policy = tenure.workers["sync"].outside.policy
    monkeypatch.setattr(policy, "_allowed", [ipaddress.ip_network("127.77.0.0/16")])
    sender = Sender()
    monkeypatch.setattr(
        next(loop for loop in tenure.loops["sync"] if loop.name == "webhooks"), "step", sender.step
    )
    await partner.settle()
    (delivery,) = await partner.deliveries()
    details = await partner.get(f"/v1/webhook-deliveries/{delivery['id']}")
    assert [each["error"] for each in details["log"]] == ["The host could not be reached."]
    assert partner.received("crm") == []


def most_at_once(received: list[Delivery]) -> int:
    moments = [(each.received_at.timestamp(), 1) for each in received]
    moments += [(each.received_at.timestamp() + each.seconds, -1) for each in received]
    open_now = most = 0
    for _, change in sorted(moments):
        open_now += change
        most = max(most, open_now)
    return most


async def test_slow_and_dead_partners_hold_up_nobody(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending.send, "__defaults__", (4.0,))
    await partner.endpoint("slow", [Step(delay=1.0, times=None)])
    await partner.endpoint("hanging", [Step(delay=3600, times=None)])
    await partner.endpoint("dead", [Step(status=500, times=None)])
    await partner.endpoint("quick")
    subjects = [f"number {number}" for number in range(40)]
    await partner.happen(*subjects)
    sending_all = asyncio.create_task(partner.settle())
    received = await partner.sink.wait_for(40, "quick", timeout=30)
    waiting = len(partner.received("slow"))
    for name in ("slow", "hanging", "dead"):
        await partner.ws.admin.post(f"/v1/webhook-endpoints/{partner.ids[name]}/disable")
    await sending_all
    assert waiting < 30, "the slow one was given its turn as often as the quick one"
    assert sorted(from_json(each.body)["data"]["subject"] for each in received) == sorted(subjects)
    assert most_at_once(partner.received("slow")) <= 5
    assert len(partner.received("hanging")) <= 5
    assert len(partner.received("dead")) <= 9
    dead = await partner.state("dead")
    assert dead["failures"] >= 5


@pytest.mark.parametrize(("delay", "events"), [(0.2, 25), (0.01, 120)])
async def test_several_processes_together_keep_to_five_at_once(
    partner: Partner, tenure: Tenure, delay: float, events: int
) -> None:
    await partner.endpoint("slow", [Step(delay=delay, times=None)])
    await partner.happen(*(str(number) for number in range(events)))
    await partner.hear()
    service = tenure.workers["sync"]
    senders = [Sender() for _ in range(3)]

    async def work(sender: Sender) -> None:
        while len(partner.received("slow")) < events:
            await sender.step(service)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(sender) for sender in senders))
    await partner.settle()
    received = partner.received("slow")
    assert len({each.webhook_id for each in received}) == len(received) == events
    assert most_at_once(received) <= 5


async def test_a_worker_that_slept_through_its_lease_changes_nothing(
    partner: Partner, tenure: Tenure
) -> None:
    service = tenure.workers["sync"]
    await partner.endpoint("crm", [Step(status=500)])
    await partner.happen()
    await partner.hear()
    ((letter,),) = await sending.turn_over(service, 10)
    assert await sending.turn_over(service, 10) == []
    client = WebhookClient(ANYWHERE)
    outcome = await sending.send(client, letter)
    await client.close()
    await partner.make_due()
    await partner.settle()
    await sending.record(service, [outcome])
    (delivery,) = await partner.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 2)
    details = await partner.get(f"/v1/webhook-deliveries/{delivery['id']}")
    lost, made = details["log"]
    assert lost["status_code"] is None
    assert "may have arrived" in lost["error"]
    assert made["status_code"] == 200
    assert len({each.webhook_id for each in partner.received("crm")}) == 1
    assert (await partner.state("crm"))["failures"] == 0


async def test_a_wait_that_no_number_can_hold_is_a_failure_like_any_other(
    partner: Partner,
) -> None:
    await partner.endpoint("bad", [Step(status=429, headers={"Retry-After": "9" * 5000})])
    await partner.happen()
    await partner.settle()
    (delivery,) = await partner.deliveries()
    details = await partner.get(f"/v1/webhook-deliveries/{delivery['id']}")
    assert [attempt["status_code"] for attempt in details["log"]][:1] == [429]


async def test_an_outcome_that_cannot_be_recorded_holds_up_no_other(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "crm"):
        await partner.endpoint(name)
    as_ever = sending._row

    def row(outcome: sending.Outcome, scale: float) -> dict[str, Any]:
        if outcome.claim.endpoint_id == UUID(partner.ids["bad"]):
            raise ValueError("nobody thought of this")
        return as_ever(outcome, scale)

    monkeypatch.setattr(sending, "_row", row)
    await partner.happen()
    await partner.settle()
    states = {one["endpoint_id"]: one["status"] for one in await partner.deliveries()}
    assert states == {partner.ids["bad"]: "pending", partner.ids["crm"]: "succeeded"}


async def test_a_webhook_that_cannot_be_made_costs_only_itself(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its body cannot be made; it is told as failed, and the rest of the claim goes out."""
    await partner.endpoint("crm")
    before = service.body_to_send

    def body(origin: Any, endpoint_id: Any, at: Any, event: Any, url: str) -> bytes | None:
        if event is not None and "Poisoned" in event.data:
            raise RuntimeError
        return before(origin, endpoint_id, at, event, url)

    monkeypatch.setattr(sending, "body_to_send", body)
    await partner.happen("First", "Poisoned", "Last")
    await partner.settle()
    sent = [from_json(delivery.body)["data"]["subject"] for delivery in partner.received("crm")]
    assert sorted(sent) == ["First", "Last"]
    states = sorted(each["status"] for each in await partner.deliveries())
    assert states == ["failed", "succeeded", "succeeded"]
