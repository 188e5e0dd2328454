"""Salesforce in bad weather, a partner that was down: nothing is lost."""

import pytest

from tests.flows.story import MONDAY, Story
from tests.simulators.salesforce.landmarks import LANDMARKS
from tests.simulators.webhooks import WebhookSink

pytestmark = pytest.mark.flow

TYPES = ["enrollment.*", "message.*", "task.*"]


async def test_weather_in_salesforce_is_waited_out(story: Story) -> None:
    await story.furnish()
    account = LANDMARKS["exponent"].account_id
    story.sf.log.clear()
    story.sf.world.auth.end_sessions()
    for number, preset in enumerate(("too_many_requests", "unknown_exception", "truncated"), 1):
        story.sf.faults.add("GET .*/queryAll", preset=preset, first=number)
    await story.edit(account, Name="Meridian One")
    found = await story.get(f"/v1/accounts/by-external-id/{account}")
    assert found["name"] == "Meridian One"
    met = {fault for request in story.sf.log.matching() for fault in request.faults}
    assert met == {"too_many_requests", "unknown_exception", "truncated"}
    assert 401 in {request.status for request in story.sf.log.matching()}


async def test_a_spent_quota_is_told_and_what_changed_comes_afterwards(story: Story) -> None:
    await story.furnish()
    account = LANDMARKS["exponent"].account_id
    story.sf.faults.add("GET .*/queryAll", preset="total_requests_limit", times=None)
    await story.edit(account, Name="Meridian Two")
    runs = await story.get("/v1/sync-runs", connection_id=story.connections[0])
    assert runs["data"][0]["status"] in {"failed", "partial"}
    assert "REQUEST_LIMIT_EXCEEDED" in runs["data"][0]["reason"]
    story.sf.faults.clear()
    await story.pull()
    found = await story.get(f"/v1/accounts/by-external-id/{account}")
    assert found["name"] == "Meridian Two"


async def test_a_partner_gets_signed_all_that_it_missed_while_down(story: Story) -> None:
    await story.furnish()
    async with WebhookSink() as sink:
        sink.endpoint("crm")
        start = (await story.get("/v1/events", after="latest", limit=1))["next_after"]
        endpoint = {"url": sink.url("crm"), "types": TYPES}
        made = await story.post("/v1/webhook-endpoints", endpoint)
        sink.endpoint("crm", secrets=[made["secret"]], strict=True)
        await story.enable()
        assert sink.received("crm")
        await sink.down()
        await story.at(MONDAY.replace(hour=10))
        await sink.up()
        query = {"after": start, "limit": 1000, "types": ",".join(TYPES)}
        told = (await story.get("/v1/events", **query))["data"]
        heard = {each.webhook_id for each in sink.received("crm")}
        missed = [event["id"] for event in told if event["id"] not in heard]
        assert missed
        # It read in the feed what it missed; by itself it comes by the schedule of retries.
        await story.post(f"/v1/webhook-endpoints/{made['id']}/replay", {"event_ids": missed})
        await story.tenure.settle()
        deliveries = [each for each in sink.received("crm") if each.status == 200]
        assert all(each.verified for each in deliveries)
        assert {each.webhook_id for each in deliveries} == {event["id"] for event in told}
