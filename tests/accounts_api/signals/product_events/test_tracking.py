"""Product events through HTTP: counted once, for the right people, and seen by rules."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from tests.accounts_api.signals.product_events.making import events
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> str:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def account(ws: Workspace, key: str) -> str:
    return await made(ws, "/v1/accounts", {"name": key, "external_id": key})


async def contact(ws: Workspace, key: str, *accounts: str, **more: Any) -> str:
    links = [{"account_external_id": account} for account in accounts]
    body = {"name": key, "external_id": key, "accounts": links}
    return await made(ws, "/v1/contacts", {**body, **more})


async def track(ws: Workspace, **message: Any) -> dict[str, Any]:
    answer = await ws.admin.post("/v1/track", {"event": "login", **message})
    assert answer.status_code == 200, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def segment(ws: Workspace, rule: Any, record_type: str = "account") -> str:
    body = {"title": f"{record_type} {rule}"[:190], "record_type": record_type, "rule": rule}
    return await made(ws, "/v1/segments", body)


async def members(ws: Workspace, segment_id: str) -> set[str]:
    answer = await ws.observer.get(f"/v1/segments/{segment_id}/members")
    assert answer.status_code == 200, answer.text
    return {row["record_id"] for row in answer.json()["data"]}


async def counted(tenure: Tenure, ws: Workspace) -> int:
    statement = text(
        "select coalesce(sum(count), 0) from product_event_days where workspace_id = :id"
    )
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        return int(await uow.connection.scalar(statement, {"id": ws.id}) or 0)


async def test_an_sdk_needs_only_the_host_and_a_key(tenure: Tenure) -> None:
    """What analytics-node and analytics-python send, with the key as the user of Basic."""
    ws = await tenure.workspace(frozen_at=START)
    acme, grace = await account(ws, "acme"), await contact(ws, "u1", "acme")
    for credential in (f"{ws.keys['admin']}:", ws.keys["admin"]):
        basic = b64encode(credential.encode()).decode()
        body = {
            "batch": [
                {
                    "type": "track",
                    "messageId": f"m-{len(credential)}",
                    "userId": "u1",
                    "event": "Report Exported",
                    "properties": {"rows": 3},
                    "timestamp": "2031-05-01T10:59:00.000Z",
                    "context": {"library": {"name": "analytics-node"}},
                    "_metadata": {"nodeVersion": "22"},
                    "integrations": {},
                },
                {"type": "identity", "userId": "u1", "messageId": "i-1", "traits": {}},
            ],
            "sentAt": "2031-05-01T11:00:00.000Z",
            "writeKey": "unused",
        }
        answer = await ws.anonymous.post(
            "/v1/batch", body, headers={"authorization": f"Basic {basic}"}
        )
        assert answer.status_code == 200, answer.text
        taken = answer.json()
        assert (taken["success"], taken["accepted"], taken["unmatched"]) == (True, 1, 0)
        (refused,) = taken["refused"]
        assert (refused["index"], refused["message_id"]) == (1, "i-1")
        assert refused["errors"][0]["code"] == "unsupported_type"
    first, second = await events(ws, f"contacts/{grace}")
    assert (first["account_id"], first["contact_id"]) == (acme, grace)
    assert first["properties"] == {"rows": 3}
    # The sender's clock is five years ahead; it happened a minute before it was sent.
    assert first["happened_at"] == second["happened_at"] == "2026-03-02T08:59:00Z"
    names = (await ws.observer.get("/v1/product-event-names")).json()["data"]
    assert [row["name"] for row in names] == ["Report Exported"]
    nothing: dict[str, Any] = {"batch": []}
    wrong = await ws.anonymous.post("/v1/batch", nothing, headers={"authorization": "Basic !"})
    assert wrong.status_code == 401
    observer = await ws.observer.post("/v1/track", {"event": "x", "userId": "u1"})
    assert observer.status_code == 403


async def test_a_message_counts_once_however_often_it_comes(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme = await account(ws, "acme")
    once = {"messageId": "m-1", "anonymousId": "a", "groupId": "acme"}
    answers = await asyncio.gather(*(track(ws, **once) for _ in range(5)))
    assert sorted(answer["accepted"] for answer in answers) == [0, 0, 0, 0, 1]
    twice = {"batch": [{"type": "track", "event": "login", **once, "messageId": "m-2"}] * 2}
    both = (await ws.admin.post("/v1/batch", twice)).json()
    assert (both["accepted"], both["duplicates"]) == (1, 1)
    assert len(await events(ws, f"accounts/{acme}")) == 2
    assert await counted(tenure, ws) == 2
    # Without an id of its own, every message is another one.
    assert (await track(ws, groupId="acme"))["accepted"] == 1
    assert (await track(ws, groupId="acme"))["accepted"] == 1
    assert await counted(tenure, ws) == 4


async def test_events_of_unknown_people_wait_and_are_attached_when_they_come(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    assert (await track(ws, userId="u1"))["unmatched"] == 1
    assert (await track(ws, userId="ann@acme.example"))["unmatched"] == 1
    assert (await track(ws, userId="u1", context={"groupId": "acme"}))["unmatched"] == 1
    assert await counted(tenure, ws) == 0
    acme = await account(ws, "acme")
    assert await counted(tenure, ws) == 1
    grace = await contact(ws, "u1")
    assert await counted(tenure, ws) == 2
    ann = await contact(ws, "u2", "acme", email="Ann@Acme.example")
    assert await counted(tenure, ws) == 3
    assert {event["contact_id"] for event in await events(ws, f"accounts/{acme}")} == {grace, ann}
    assert len(await events(ws, f"contacts/{grace}")) == 2
    # Grace has an account only now, and it is the only one.
    links = {"accounts": [{"account_external_id": "acme"}]}
    assert (await ws.admin.patch(f"/v1/contacts/{grace}", links)).status_code == 200
    assert len(await events(ws, f"accounts/{acme}")) == 3
    assert await counted(tenure, ws) == 3
    for counted_as in ("events", "active contacts", "active days"):
        count = {"events": 3, "active contacts": 2, "active days": 1}[counted_as]
        rule = f'count({counted_as} "login" within 1 day) = {count}'
        listed = await ws.observer.get("/v1/accounts", params={"filter": rule})
        assert [row["id"] for row in listed.json()["data"]] == [acme]


async def test_what_counted_for_a_duplicate_counts_for_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme, twin = await account(ws, "acme"), await account(ws, "twin")
    await contact(ws, "u1", "acme")
    await track(ws, userId="u1")
    await track(ws, groupId="twin")
    busy = await segment(ws, 'count(events "login" within 7 days) >= 2')
    await tenure.settle()
    assert await members(ws, busy) == set()
    merged = await ws.admin.post(f"/v1/accounts/{acme}/merge", {"loser_id": twin})
    assert merged.status_code == 200, merged.text
    await tenure.settle()
    assert await members(ws, busy) == {acme}
    assert len(await events(ws, f"accounts/{acme}")) == 2
    # The loser's external id still means this customer.
    await track(ws, groupId="twin")
    assert len(await events(ws, f"accounts/{acme}")) == 3


async def test_segments_follow_events_in_and_out_of_the_window(tenure: Tenure) -> None:
    """An event leaves the window at local midnight, not when a job runs."""
    ws = await tenure.workspace(frozen_at=START)
    zone = await ws.admin.patch("/v1/workspace", {"time_zone": "America/New_York"})
    assert zone.status_code == 200, zone.text
    acme, grace = await account(ws, "acme"), await contact(ws, "u1", "acme")
    rule = 'count(events "login" within 30 days) >= 2'
    busy, quiet = (
        await segment(ws, rule),
        await segment(ws, 'count(events "login" within 30 days) < 2'),
    )
    person = await segment(ws, rule, "contact")
    around = await segment(ws, f"any accounts ({rule})", "contact")
    await tenure.settle()
    assert await members(ws, quiet) == {acme}
    # 1 March, 23:30 in New York, and today.
    await track(ws, userId="u1", timestamp="2026-03-02T04:30:00Z")
    await track(ws, userId="u1")
    await tenure.settle()
    for found, expected in ((busy, {acme}), (quiet, set()), (person, {grace}), (around, {grace})):
        assert await members(ws, found) == expected
    explained = await ws.observer.get(f"/v1/segments/{busy}/explain", params={"record_id": acme})
    found = explained.json()["explanation"]["items"][0]["actual"]
    assert found == {"count": 2, "from": "2026-01-31", "to": "2026-03-02"}
    assert explained.json()["next_check_at"] == "2026-04-01T04:00:00Z"
    await tenure.set_clock(ws, datetime(2026, 4, 1, 3, 59, tzinfo=UTC))
    assert await members(ws, busy) == {acme}
    await tenure.set_clock(ws, datetime(2026, 4, 1, 4, 0, tzinfo=UTC))
    for found, expected in ((busy, set()), (quiet, {acme}), (person, set()), (around, set())):
        assert await members(ws, found) == expected


async def test_events_are_paged_newest_first_and_walls_stand(tenure: Tenure) -> None:
    ws, other = await tenure.workspace(frozen_at=START), await tenure.workspace(frozen_at=START)
    acme, theirs = await account(ws, "acme"), await account(other, "acme")
    for day in (1, 3, 2):
        at = f"2026-02-0{day}T12:00:00Z"
        await track(ws, groupId="acme", timestamp=at, event=f"e{day % 2}", messageId=f"m{day}")
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await ws.observer.get(f"/v1/accounts/{acme}/product-events", params=params)).json()
        seen += [event["message_id"] for event in page["data"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["m3", "m2", "m1"], None)
    odd = await events(ws, f"accounts/{acme}", filter='name = "e1"')
    assert [event["message_id"] for event in odd] == ["m3", "m1"]
    assert await events(other, f"accounts/{theirs}") == []
    stranger = await other.observer.get(f"/v1/accounts/{acme}/product-events")
    assert stranger.status_code == 404
    # The same message id is another message in another workspace.
    assert (await track(other, groupId="acme", messageId="m1"))["accepted"] == 1


async def test_a_message_that_says_not_who_it_was_is_refused_with_its_place(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    answer = await ws.admin.post("/v1/track", {"event": "login"})
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/userId"]
    answer = await ws.admin.post("/v1/track", {"userId": "", "event": 5, "colour": 1})
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/userId",
        "/event",
        "/colour",
    }
    assert (await ws.admin.post("/v1/batch", {"batch": []})).status_code == 422
    many = [{"type": "track", "event": "x", "userId": "u"}] * 2_501
    assert (await ws.admin.post("/v1/batch", {"batch": many})).status_code == 422


async def test_an_event_and_its_contact_that_missed_each_other_are_brought_together(
    tenure: Tenure,
) -> None:
    """As if neither transaction had seen the other: the contact is there, and the event waits."""
    ws = await tenure.workspace(frozen_at=START)
    await account(ws, "acme")
    assert (await track(ws, userId="u1"))["unmatched"] == 1
    accounts = tenure.workers["accounts"]
    async with accounts.units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "insert into contacts (workspace_id, id, external_id, name)"
                " values (:id, gen_random_uuid(), 'u1', 'Grace')"
            ),
            {"id": ws.id},
        )
    assert await counted(tenure, ws) == 0
    async with accounts.units.begin(ws.id, ()) as uow:
        for table in ("product_event_waiting", "product_events"):
            await uow.connection.execute(
                text(
                    f"update {table} set received_at = received_at - interval '1 minute'"
                    " where workspace_id = :id"
                ),
                {"id": ws.id},
            )
    await tenure.settle()
    assert await counted(tenure, ws) == 1
