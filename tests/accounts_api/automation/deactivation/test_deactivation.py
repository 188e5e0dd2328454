"""Deactivation rules through HTTP: contacts go out, come back, and people have their say."""

from datetime import UTC, datetime
from typing import Any

from tests.harness import Tenure, Workspace

PATH = "/v1/contact-deactivation-rules"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def contact(ws: Workspace, name: str, **more: Any) -> str:
    answer = await ws.admin.post("/v1/contacts", {"name": name, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def rule(ws: Workspace, written: Any, **more: Any) -> dict[str, Any]:
    body = {"title": str(written)[:190], "rule": written, **more}
    answer = await ws.admin.post(PATH, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def out_since(ws: Workspace, contact_id: str) -> str | None:
    found: str | None = (await ws.observer.get(f"/v1/contacts/{contact_id}")).json()[
        "deactivated_at"
    ]
    return found


async def edit(tenure: Tenure, ws: Workspace, contact_id: str, **changes: Any) -> None:
    answer = await ws.admin.patch(f"/v1/contacts/{contact_id}", changes)
    assert answer.status_code == 200, answer.text
    await tenure.settle()


async def test_contacts_go_out_when_their_date_comes_and_come_back(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    trait = {"record_type": "contact", "key": "left_on", "title": "Left on", "type": "date"}
    assert (await ws.admin.post("/v1/traits", trait)).status_code == 201
    one = await contact(ws, "One", traits={"left_on": "2026-03-10"})
    two = await contact(ws, "Two", traits={"left_on": "2026-02-10"})
    made = await rule(ws, "traits.left_on <= today", since_field="traits.left_on")
    await tenure.settle()
    assert await out_since(ws, one) is None
    assert await out_since(ws, two) == "2026-02-10T00:00:00Z"
    await tenure.set_clock(ws, datetime(2026, 3, 10, tzinfo=UTC))
    assert await out_since(ws, one) == "2026-03-10T00:00:00Z"
    history = (await ws.observer.get(f"/v1/contacts/{one}/history")).json()["data"]
    assert [link["type"] for link in history[0]["cause"]] == ["system", "rule"]
    await edit(tenure, ws, one, traits={"left_on": None})
    assert await out_since(ws, one) is None
    used = await ws.admin.delete("/v1/traits/contact/left_on")
    assert used.status_code in {404, 409}
    gone = await ws.admin.delete(f"{PATH}/{made['id']}")
    assert gone.status_code == 204, gone.text
    await tenure.settle()
    assert await out_since(ws, two) is None


async def test_people_have_their_say_where_no_rule_does(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    by_hand = await contact(ws, "Ann", title="Leaver", deactivated_at="2026-01-01T00:00:00Z")
    by_rule = await contact(ws, "Bob", title="Leaver")
    await rule(ws, 'title = "Leaver"')
    await tenure.settle()
    assert await out_since(ws, by_hand) == "2026-01-01T00:00:00Z"
    assert await out_since(ws, by_rule) == "2026-03-02T09:00:00Z"
    # While the rule holds, letting him in again does not last.
    await edit(tenure, ws, by_rule, deactivated_at=None)
    assert await out_since(ws, by_rule) == "2026-03-02T09:00:00Z"
    for one in (by_hand, by_rule):
        await edit(tenure, ws, one, title="Back")
    assert await out_since(ws, by_rule) is None
    assert await out_since(ws, by_hand) == "2026-01-01T00:00:00Z"


async def test_a_draft_is_previewed_and_a_verdict_explained(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    one, two = await contact(ws, "One", title="A"), await contact(ws, "Two", title="B")
    await contact(ws, "Three", deactivated_at="2026-01-01T00:00:00Z")
    made = await rule(ws, 'title = "A"')
    await tenure.settle()
    draft = {"rules": [{"rule": 'title = "B"'}]}
    answer = await ws.observer.post(f"{PATH}/preview", draft)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "contacts": 3,
        "deactivated": 2,
        "deactivating": 1,
        "reactivating": 1,
        "deactivating_samples": [{"id": two, "name": "Two"}],
        "reactivating_samples": [{"id": one, "name": "One"}],
    }
    explained = await ws.observer.get(f"{PATH}/explain", params={"contact_id": one})
    assert explained.status_code == 200, explained.text
    found = explained.json()
    assert (found["decided_by"], found["manual"]) == (made["id"], False)
    assert found["rules"][0]["explanation"]["actual"] == {"field": "title", "value": "A"}
    listed = (await ws.observer.get(PATH)).json()
    assert [row["id"] for row in listed["data"]] == [made["id"]]
    assert listed["progress"]["state"] == "done"


async def test_a_faulty_rule_is_refused_with_its_place(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    for body, pointer, code in (
        ({"rule": "titel = 5"}, "/rule", "unknown_field"),
        ({"rule": "deactivated_at is empty"}, "/rule", "rule_cycle"),
        ({"rule": 'title = "A"', "since_field": "title"}, "/since_field", "not_a_date"),
    ):
        answer = await ws.admin.post(PATH, {"title": "X", **body})
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == (pointer, code)
    made = await rule(ws, 'title = "A"')
    path = f"{PATH}/{made['id']}"
    assert (await ws.admin.patch(path, {"title": "B"}, if_match='"v9"')).status_code == 412
    changed = await ws.admin.patch(path, {"rule": 'title = "B"'}, if_match='"v1"')
    assert changed.json()["rule_text"] == 'title = "B"'
    again = {"title": made["title"], "rule": 'title = "C"'}
    assert (await ws.admin.post(PATH, again)).json()["code"] == "deactivation_rule_title_taken"
