from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic_core import from_json

from sync_worker.partners.webhook_deliveries import service
from tests.simulators.webhooks import failing
from tests.sync_worker.partners.making import Partner


async def replay(partner: Partner, **wish: Any) -> dict[str, Any]:
    path = f"/v1/webhook-endpoints/{partner.ids['crm']}/replay"
    answer = await partner.ws.admin.post(path, wish)
    assert answer.status_code == 202, answer.text
    await partner.settle()
    found: dict[str, Any] = answer.json()
    return found


def subjects(partner: Partner) -> list[str]:
    return [from_json(each.body)["data"]["subject"] for each in partner.received("crm")]


async def test_what_a_partner_missed_while_it_was_down_comes_again(partner: Partner) -> None:
    await partner.endpoint("crm")
    await partner.sink.down()
    await partner.happen(*"ab")
    found = await partner.until_finished("crm")
    assert {each["status"] for each in found} == {"failed"}
    await partner.sink.up()
    made = await replay(partner, failed_only=True)
    assert made == {"deliveries": 2, "has_more": False, "next_cursor": None}
    assert sorted(subjects(partner)) == list("ab")
    assert {each.webhook_id for each in partner.received("crm")} == {
        each["event_id"] for each in found
    }
    assert (await replay(partner, failed_only=True))["deliveries"] == 0


async def test_a_span_of_time_comes_again_with_the_same_ids(partner: Partner) -> None:
    await partner.endpoint("crm", types=["mail.*"])
    await partner.happen("before")
    await partner.settle()
    since = (await partner.sql("select clock_timestamp()")).scalar_one()
    await partner.happen("within")
    await partner.settle()
    until = (await partner.sql("select clock_timestamp()")).scalar_one()
    await partner.happen("after")
    await partner.settle()
    made = await replay(partner, since=since.isoformat(), until=until.isoformat())
    assert made["deliveries"] == 1
    assert subjects(partner) == ["before", "within", "after", "within"]
    _, first, _, again = partner.received("crm")
    assert again.webhook_id == first.webhook_id
    assert again.body == first.body
    assert again.verified


async def test_a_span_is_filtered_as_the_endpoint_is(partner: Partner) -> None:
    await partner.endpoint("crm", types=["task.*"])
    await partner.happen("mail")
    await partner.settle()
    assert (await replay(partner, since="2020-01-01T00:00:00Z"))["deliveries"] == 0


async def test_a_long_span_comes_in_several_steps(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "REPLAYED_AT_ONCE", 2)
    await partner.endpoint("crm", types=["mail.*"])
    await partner.happen(*"abcde")
    await partner.settle()
    wish: dict[str, Any] = {"since": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
    made = await replay(partner, **wish)
    counts = [made["deliveries"]]
    while made["has_more"]:
        made = await replay(partner, **wish, cursor=made["next_cursor"])
        counts.append(made["deliveries"])
    assert counts == [2, 2, 1]
    assert sorted(subjects(partner)) == sorted("abcde" * 2)


async def test_events_are_named_even_if_the_filter_leaves_them_out(partner: Partner) -> None:
    await partner.endpoint("crm", types=["task.*"])
    await partner.happen("a", "b")
    await partner.settle()
    feed = await partner.get("/v1/events?types=mail.*")
    first = feed["data"][0]["id"]
    assert (await replay(partner, event_ids=[first, first]))["deliveries"] == 1
    assert subjects(partner) == ["a"]


async def test_what_got_through_by_a_replay_is_not_failed_any_more(partner: Partner) -> None:
    await partner.endpoint("crm", failing(10))
    await partner.happen("a")
    (first,) = await partner.until_finished("crm")
    assert first["status"] == "failed"
    assert (await replay(partner, event_ids=[first["event_id"]]))["deliveries"] == 1
    assert (await replay(partner, failed_only=True))["deliveries"] == 0


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"failed_only": False},
        {"until": "2026-03-02T09:00:00Z"},
        {"since": "2026-03-02T09:00:00Z", "failed_only": True},
        {"event_ids": []},
        {"event_ids": ["0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b"]},
        {"failed_only": True, "cursor": "x"},
        {"since": "soon"},
    ],
)
async def test_a_wish_that_is_not_one_of_three_is_refused(
    partner: Partner, wish: dict[str, Any]
) -> None:
    await partner.endpoint("crm")
    path = f"/v1/webhook-endpoints/{partner.ids['crm']}/replay"
    assert (await partner.ws.admin.post(path, wish)).status_code == 422


async def test_a_single_delivery_is_sent_again_on_demand(partner: Partner) -> None:
    await partner.endpoint("crm")
    await partner.happen("a")
    await partner.settle()
    (delivery,) = await partner.deliveries()
    again = await partner.ws.admin.post(f"/v1/webhook-deliveries/{delivery['id']}/retry")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    await partner.settle()
    assert subjects(partner) == ["a", "a"]
    assert len({each.webhook_id for each in partner.received("crm")}) == 1
