"""What arrives at a partner, proved by the library that partners use."""

from pydantic_core import from_json

from tests.simulators.webhooks import failing
from tests.sync_worker.webhooks.conftest import Partner


async def test_an_event_arrives_signed_and_is_in_the_feed_too(partner: Partner) -> None:
    await partner.endpoint("crm")
    (account_id,) = await partner.happen()
    await partner.settle()
    (delivery,) = partner.received("crm")
    assert delivery.verified
    payload = from_json(delivery.body)
    assert payload["type"] == "account.created"
    assert payload["data"]["id"] == account_id
    feed = await partner.get("/v1/events")
    event = feed["data"][-1]
    assert event["id"] == delivery.webhook_id
    assert event["data"] == payload["data"]
    assert event["timestamp"] == payload["timestamp"]
    (logged,) = await partner.deliveries()
    assert logged["status"] == "succeeded"
    details = await partner.get(f"/v1/webhook-deliveries/{logged['id']}")
    assert details["body"] == delivery.body.decode()
    assert [each["status_code"] for each in details["log"]] == [200]


async def test_a_failed_attempt_is_repeated_with_the_same_id(partner: Partner, quick: None) -> None:
    await partner.endpoint("crm", failing(3))
    await partner.happen()
    (delivery,) = await partner.until_finished("crm")
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 4)
    received = partner.received("crm")
    assert len(received) == 4
    assert {each.webhook_id for each in received} == {delivery["event_id"]}
    assert all(each.verified for each in received)
