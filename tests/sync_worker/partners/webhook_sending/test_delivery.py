"""What arrives at a partner, proved by the library that partners use."""

import pytest
from pydantic_core import from_json

from shared.ids import new_id
from tests.harness import Tenure
from tests.simulators.webhooks import Step, failing, gone, moved, throttling
from tests.sync_worker.partners.making import Partner


async def test_a_change_of_a_record_arrives_signed_and_is_in_the_feed_too(
    partner: Partner,
) -> None:
    await partner.endpoint("crm", types=["account.*"])
    made = await partner.ws.admin.post("/v1/accounts", {"name": "Northwind"})
    assert made.status_code == 201, made.text
    await partner.tenure.settle()
    (delivery,) = partner.received("crm")
    assert delivery.verified
    payload = from_json(delivery.body)
    assert payload["type"] == "account.created"
    assert payload["data"]["record"]["id"] == made.json()["id"]
    event = (await partner.get("/v1/events?types=account.*"))["data"][-1]
    assert event["id"] == delivery.webhook_id
    assert event["data"] == payload["data"]
    assert event["timestamp"] == payload["timestamp"]


async def test_what_is_quiet_reaches_only_who_asks_for_it_and_says_so(partner: Partner) -> None:
    batch_id = new_id()
    await partner.endpoint("crm", types=["mail.*"])
    await partner.endpoint("warehouse", types=["mail.*"], include_quiet=True)
    await partner.happen("imported", quiet_batch_id=batch_id)
    await partner.happen("aloud")
    await partner.settle()
    heard = {
        name: [
            (body["data"]["subject"], body["quiet_batch_id"])
            for body in (from_json(each.body) for each in partner.received(name))
        ]
        for name in ("crm", "warehouse")
    }
    both = [("imported", str(batch_id)), ("aloud", None)]
    assert heard["crm"] == both[1:]
    assert sorted(heard["warehouse"]) == sorted(both)
    feed = (await partner.get("/v1/events?types=mail.*"))["data"]
    assert [(each["data"]["subject"], each["quiet_batch_id"]) for each in feed] == both

    ids = partner.ids["crm"]
    span = {"since": "2020-01-01T00:00:00Z"}
    again = await partner.ws.admin.post(f"/v1/webhook-endpoints/{ids}/replay", span)
    assert again.json()["deliveries"] == 1
    changed = await partner.ws.admin.patch(
        f"/v1/webhook-endpoints/{ids}", {"include_quiet": True}, headers={"if-match": "*"}
    )
    assert changed.json()["include_quiet"]


async def test_every_delivery_is_in_the_log_with_what_was_sent_and_answered(
    partner: Partner,
) -> None:
    await partner.endpoint("crm", [Step(status=202, body="thank you")])
    await partner.happen()
    await partner.settle()
    (delivery,) = partner.received("crm")
    (logged,) = await partner.deliveries()
    assert (logged["status"], logged["origin"]) == ("succeeded", "event")
    details = await partner.get(f"/v1/webhook-deliveries/{logged['id']}")
    assert details["body"] == delivery.body.decode()
    assert details["event_id"] == delivery.webhook_id
    (attempt,) = details["log"]
    assert (attempt["status_code"], attempt["response"]) == (202, "thank you")


async def test_the_log_is_narrowed_by_endpoint_status_type_and_event(partner: Partner) -> None:
    await partner.endpoint("crm", types=["mail.*"])
    await partner.endpoint("gone", gone(), types=["mail.*"])
    await partner.happen("a", "b")
    await partner.settle()
    assert len(await partner.deliveries("&status=failed")) == 2
    assert len(await partner.deliveries(f"&endpoint_id={partner.ids['crm']}")) == 2
    assert len(await partner.deliveries("&type=mail.replied")) == 4
    assert await partner.deliveries("&type=mail.bounced") == []
    event_id = partner.received("crm")[0].webhook_id
    assert len(await partner.deliveries(f"&event_id={event_id}")) == 2
    newest = await partner.get("/v1/webhook-deliveries?limit=3")
    rest = await partner.get(f"/v1/webhook-deliveries?limit=3&cursor={newest['next_cursor']}")
    ids = [each["id"] for each in newest["data"] + rest["data"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 4


async def test_an_endpoint_hears_what_its_filter_names(partner: Partner) -> None:
    await partner.endpoint("mail", types=["mail.*"])
    await partner.endpoint("tasks", types=["task.*", "mail.bounced"])
    await partner.happen()
    await partner.settle()
    assert len(partner.received("mail")) == 1
    assert partner.received("tasks") == []


async def test_custom_headers_go_along(partner: Partner) -> None:
    await partner.endpoint("crm", headers={"Authorization": "Bearer x", "X-Team": "success"})
    await partner.happen()
    await partner.settle()
    (delivery,) = partner.received("crm")
    assert delivery.header("authorization") == "Bearer x"
    assert delivery.header("x-team") == "success"
    assert delivery.header("content-type") == "application/json"
    assert delivery.header("host") == f"127.0.0.1:{partner.sink.port}"


async def test_a_failed_attempt_is_repeated_with_the_same_id(partner: Partner) -> None:
    await partner.endpoint("crm", failing(3))
    await partner.happen()
    (delivery,) = await partner.until_finished("crm")
    assert (delivery["status"], delivery["attempts"]) == ("succeeded", 4)
    received = partner.received("crm")
    assert len(received) == 4
    assert {each.webhook_id for each in received} == {delivery["event_id"]}
    assert all(each.verified for each in received)
    assert (await partner.state("crm"))["failures"] == 0


async def test_after_the_last_attempt_of_the_schedule_a_delivery_has_failed(
    partner: Partner,
) -> None:
    await partner.endpoint("crm", failing(99))
    await partner.happen()
    (delivery,) = await partner.until_finished("crm")
    assert (delivery["status"], delivery["attempts"]) == ("failed", 10)
    details = await partner.get(f"/v1/webhook-deliveries/{delivery['id']}")
    assert [each["number"] for each in details["log"]] == list(range(1, 11))
    again = await partner.ws.admin.post(f"/v1/webhook-deliveries/{delivery['id']}/retry")
    assert again.status_code == 202
    (delivery,) = await partner.until_finished("crm")
    assert (delivery["status"], delivery["attempts"]) == ("failed", 11)


async def test_410_ends_it_at_once_and_its_owner_hears_once(partner: Partner) -> None:
    await partner.endpoint("gone", gone())
    await partner.endpoint("ops", types=["webhook_endpoint.*"])
    await partner.happen("a", "b", "c")
    await partner.settle()
    state = await partner.state("gone")
    assert (state["status"], state["disabled_reason"]) == ("disabled", "It answered 410 Gone.")
    (told,) = partner.received("ops")
    data = from_json(told.body)["data"]
    assert data == {"id": partner.ids["gone"], "url_host": "127.0.0.1", "reason": data["reason"]}
    await partner.happen("d")
    await partner.settle()
    assert len(partner.received("gone")) <= 3


@pytest.mark.parametrize(("asked", "least", "most"), [(7, 7, 7), (1, 4, 6), (3600, 8, 12)])
async def test_retry_after_is_honoured_from_one_to_two_times_the_schedule(
    partner: Partner, asked: int, least: float, most: float
) -> None:
    await partner.endpoint("crm", throttling(asked))
    await partner.happen()
    await partner.settle()
    row = await partner.sql(
        "select extract(epoch from d.due_at - a.started_at) as wait,"
        " extract(epoch from e.rests_until - a.started_at) as rest"
        " from webhook_deliveries d join webhook_attempts a on a.delivery_id = d.id"
        " join webhook_endpoints e on e.id = d.endpoint_id where d.workspace_id = :workspace_id"
    )
    wait, rest = row.one()
    assert least - 0.1 <= wait <= most + 2.0
    assert min(asked, 60) - 0.1 <= rest <= min(asked, 60) + 2.0


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(partner: Partner, status: int) -> None:
    partner.sink.endpoint("elsewhere")
    step = moved(partner.sink.url("elsewhere"))[0].model_copy(update={"status": status})
    await partner.endpoint("crm", [step])
    await partner.happen()
    await partner.settle()
    (delivery,) = await partner.deliveries()
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)
    assert partner.received("elsewhere") == []


async def test_after_days_of_only_failures_an_endpoint_is_disabled_once(
    partner: Partner,
) -> None:
    await partner.endpoint("dead", failing(99))
    await partner.endpoint("ops", types=["webhook_endpoint.*"])
    await partner.happen("a", "b")
    for round_number in range(6):
        await partner.settle()
        if round_number == 4:
            assert (await partner.state("dead"))["status"] == "enabled"
            await partner.sql(
                "update webhook_endpoints set failing_since = clock_timestamp()"
                " - interval '5 days' where workspace_id = :workspace_id"
                " and failing_since is not null"
            )
        await partner.make_due()
    await partner.settle()
    state = await partner.state("dead")
    assert state["failures"] >= 10
    assert (state["status"], state["disabled_reason"]) == (
        "disabled",
        "Every attempt of the last five days failed.",
    )
    assert len(partner.received("ops")) == 1
    waiting = await partner.deliveries("&status=pending")
    assert len(waiting) == 2
    partner.sink.endpoint("dead", secrets=[partner.secrets["dead"]])
    path = f"/v1/webhook-endpoints/{partner.ids['dead']}"
    assert (await partner.ws.admin.post(f"{path}/enable")).status_code == 200
    await partner.make_due()
    await partner.settle()
    found = await partner.deliveries(f"&endpoint_id={partner.ids['dead']}")
    assert {each["status"] for each in found} == {"succeeded"}


async def test_what_a_person_disabled_hears_nothing_until_it_is_enabled(partner: Partner) -> None:
    await partner.endpoint("crm", failing(1))
    path = f"/v1/webhook-endpoints/{partner.ids['crm']}"
    await partner.happen("before")
    await partner.settle()
    assert (await partner.ws.admin.post(f"{path}/disable")).json()["status"] == "disabled"
    await partner.happen("meanwhile")
    await partner.make_due()
    await partner.settle()
    assert len(partner.received("crm")) == 1
    refused = await partner.ws.admin.post(f"{path}/replay", {"failed_only": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_disabled")
    await partner.ws.admin.post(f"{path}/enable")
    await partner.settle()
    subjects = [from_json(each.body)["data"]["subject"] for each in partner.received("crm")]
    assert subjects == ["before", "before"]


async def test_an_event_too_large_for_a_webhook_is_thin_and_can_be_fetched(
    partner: Partner,
) -> None:
    await partner.endpoint("crm")
    await partner.happen("x" * 30_000)
    await partner.settle()
    (delivery,) = partner.received("crm")
    assert delivery.verified
    assert len(delivery.body) < 20_000
    data = from_json(delivery.body)["data"]
    assert data["truncated"] is True
    assert data["sender"] == "ana@northwind.example"
    assert data["url"] == f"https://tenure.example/v1/events/{delivery.webhook_id}"
    whole = await partner.get(f"/v1/events/{delivery.webhook_id}")
    assert whole["data"]["subject"] == "x" * 30_000


async def test_a_test_event_is_sent_at_once_and_its_answer_shown(partner: Partner) -> None:
    await partner.endpoint("crm", [Step(status=418, body="teapot")])
    path = f"/v1/webhook-endpoints/{partner.ids['crm']}"
    tried = await partner.ws.admin.post(f"{path}/test")
    assert tried.status_code == 200, tried.text
    assert tried.json()["succeeded"] is False
    attempt = tried.json()["attempt"]
    assert (attempt["status_code"], attempt["response"]) == (418, "teapot")
    await partner.settle()
    (delivery,) = partner.received("crm")
    assert delivery.verified
    assert delivery.webhook_id == tried.json()["event_id"]
    payload = from_json(delivery.body)
    assert payload["type"] == "webhook.test"
    assert payload["data"]["endpoint_id"] == partner.ids["crm"]
    details = await partner.get(f"/v1/webhook-deliveries/{tried.json()['delivery_id']}")
    assert (details["status"], details["origin"], len(details["log"])) == ("failed", "test", 1)
    assert details["body"] == delivery.body.decode()
    assert (await partner.state("crm"))["failures"] == 0
    feed = await partner.get("/v1/events")
    assert "webhook.test" not in {event["type"] for event in feed["data"]}
    await partner.ws.admin.post(f"{path}/disable")
    assert (await partner.ws.admin.post(f"{path}/test")).json()["succeeded"] is True


async def test_nobody_hears_another_workspaces_events(partner: Partner, tenure: Tenure) -> None:
    other = Partner(tenure, await tenure.workspace("Other"), partner.sink)
    await partner.endpoint("mine")
    await other.endpoint("theirs")
    await partner.happen("a", "b")
    await other.happen("c")
    await partner.settle()
    heard = {
        name: {from_json(each.body)["data"]["subject"] for each in partner.received(name)}
        for name in ("mine", "theirs")
    }
    assert heard == {"mine": {"a", "b"}, "theirs": {"c"}}
    assert all(each.verified for each in partner.sink.received())
    foreign = await partner.ws.admin.get(
        f"/v1/webhook-deliveries?endpoint_id={other.ids['theirs']}"
    )
    assert foreign.json()["data"] == []
    (theirs,) = await other.deliveries()
    for path in (
        f"/v1/webhook-deliveries/{theirs['id']}",
        f"/v1/webhook-endpoints/{other.ids['theirs']}",
        f"/v1/events/{theirs['event_id']}",
    ):
        assert (await partner.ws.admin.get(path)).status_code == 404
    path = f"/v1/webhook-endpoints/{partner.ids['mine']}/replay"
    stolen = await partner.ws.admin.post(path, {"event_ids": [theirs["event_id"]]})
    assert stolen.status_code == 422
    await other.ws.admin.delete(f"/v1/webhook-endpoints/{other.ids['theirs']}")
