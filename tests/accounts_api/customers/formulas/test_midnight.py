"""A day that passes changes what formulas give, and nothing happens for that alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.accounts_api.customers.objects.making import define
from tests.accounts_api.records.making import events_of, make, make_trait
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LEFT = "days_between(today(), traits.ends)"


async def workspace(tenure: Tenure) -> Workspace:
    """Accounts that end on the 10th and on the 20th of March."""
    ws = await tenure.workspace()
    await make_trait(ws, "account", "ends", "date")
    await make_trait(ws, "account", "left", "formula", formula=LEFT, result_type="number")
    twice = {"formula": "traits.left * 2", "result_type": "number"}
    await make_trait(ws, "account", "twice", "formula", **twice)
    for name, day in (("Early", 10), ("Late", 20)):
        await make(ws, "accounts", {"name": name, "traits": {"ends": f"2026-03-{day}"}})
    await tenure.settle()
    return ws


async def listed(ws: Workspace, **params: Any) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/accounts", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def left(ws: Workspace, **params: Any) -> dict[str, tuple[int, int]]:
    rows = await listed(ws, **params)
    return {row["name"]: (row["traits"]["left"], row["traits"]["twice"]) for row in rows}


async def noted(tenure: Tenure, ws: Workspace) -> tuple[int, int]:
    """How many events and changes in the history there are of accounts."""
    events = await events_of(tenure, ws, "accounts.account_changed.v1")
    rows = [
        (await ws.admin.get(f"/v1/accounts/{row['id']}/history")).json()["data"]
        for row in await listed(ws)
    ]
    return len(events), sum(map(len, rows))


async def test_every_reader_sees_the_day_and_nobody_is_told_of_it(tenure: Tenure) -> None:
    ws = await workspace(tenure)
    assert await left(ws) == {"Early": (8, 16), "Late": (18, 36)}
    before = await noted(tenure, ws)
    early = (await listed(ws))[0]["id"]
    tag = (await ws.admin.get(f"/v1/accounts/{early}")).headers["etag"]
    await tenure.set_clock(ws, START + timedelta(days=3))
    assert await noted(tenure, ws) == before
    now = {"Early": (5, 10), "Late": (15, 30)}
    assert await left(ws) == now
    one = await ws.admin.get(f"/v1/accounts/{early}", headers={"if-none-match": tag})
    assert (one.status_code, one.json()["traits"]["left"]) == (200, 5)
    assert [row["name"] for row in await listed(ws, filter="traits.left = 5")] == ["Early"]
    assert [row["name"] for row in await listed(ws, sort="-traits.twice")] == ["Late", "Early"]
    assert await left(ws, fields="name,traits.left,traits.twice") == now
    asked = {"fields": "name,traits.left", "sort": "name"}
    file = await ws.admin.get("/v1/accounts/export.csv", params=asked)
    lines = [line.split(",")[1:] for line in file.text.splitlines()]
    assert lines == [["name", "traits.left"], ["Early", "5"], ["Late", "15"]]
    edit = await ws.admin.patch(f"/v1/accounts/{early}", {"country": "DE"}, if_match=tag)
    assert (edit.status_code, edit.json()["traits"]["left"]) == (200, 5)
    event = (await events_of(tenure, ws, "accounts.account_changed.v1"))[-1]
    assert event["changed"] == ["country"]
    for days in (0, 1, 2):
        then = (START + timedelta(days=days)).isoformat()
        was = {"Early": (8 - days, 16 - 2 * days), "Late": (18 - days, 36 - 2 * days)}
        assert await left(ws, as_of=then) == was
        past = await ws.admin.get(f"/v1/accounts/{early}", params={"as_of": then})
        assert past.json()["traits"]["left"] == 8 - days
        found = await listed(ws, as_of=then, filter=f"traits.twice = {36 - 2 * days}")
        assert [row["name"] for row in found] == ["Late"]


async def test_a_rule_that_looks_at_a_formula_is_right_at_midnight(tenure: Tenure) -> None:
    ws = await workspace(tenure)
    await tenure.set_clock(ws, START + timedelta(days=2))
    body = {"title": "Soon", "record_type": "account", "rule": "traits.twice <= 8"}
    segment = (await ws.admin.post("/v1/segments", body)).json()["id"]
    await tenure.settle()
    members = f"/v1/segments/{segment}/members"
    assert (await ws.observer.get(members)).json()["data"] == []
    before = await noted(tenure, ws)
    await tenure.set_clock(ws, START + timedelta(days=5))
    (row,) = (await ws.observer.get(members)).json()["data"]
    assert (row["name"], row["entered_at"]) == ("Early", "2026-03-06T00:00:00Z")
    assert await noted(tenure, ws) == before
    entered = await events_of(tenure, ws, "accounts.segment_entered.v1")
    assert [event["effective_at"] for event in entered] == ["2026-03-06T00:00:00Z"]


async def test_a_question_that_nobody_asked_before_is_answered_as_of_now(tenure: Tenure) -> None:
    """Drafts of rules and what other services ask: nothing of the workspace looks at these."""
    ws = await workspace(tenure)
    early, late = (row["id"] for row in await listed(ws, sort="name"))
    await tenure.set_clock(ws, START + timedelta(days=3))
    rule = "traits.twice <= 10"
    draft = {"record_type": "account", "rule": rule}
    segment = await ws.admin.post("/v1/segments/preview", draft)
    assert [one["name"] for one in segment.json()["samples"]] == ["Early"]
    lifecycle = {"rules": [{"status": "churned", "rule": rule}]}
    moving = await ws.admin.post("/v1/lifecycle-rules/preview", lifecycle)
    assert [one["name"] for one in moving.json()["samples"]] == ["Early"]
    explain = await ws.admin.post("/v1/rules/explain", {**draft, "record_id": early})
    told = explain.json()
    assert (told["verdict"], told["explanation"]["actual"]["value"]) == (True, 10)
    draft_formula = {"record_type": "account", "formula": "traits.twice + 1"}
    tried = await ws.admin.post("/v1/traits/formula-preview", draft_formula)
    values = {one["record_id"]: one["value"] for one in tried.json()["samples"]}
    assert values == {early: 11, late: 31}
    asked = {"record_type": "account", "ids": [early, late], "rules": {"due": rule}}
    token = tenure.workers["sequencer"].signer.token("accounts", ws.id)
    answer = await ws.anonymous.http.post(
        f"{tenure.urls['accounts']}/internal/judgements",
        json={**asked, "fields": ["traits.left"]},
        headers={"authorization": f"Bearer {token}"},
    )
    judged = answer.json()["records"]
    assert {id_: (one["verdicts"], one["values"]) for id_, one in judged.items()} == {
        early: ({"due": True}, {"traits.left": 5}),
        late: ({"due": False}, {"traits.left": 15}),
    }


async def test_what_else_changes_is_told_as_ever(tenure: Tenure) -> None:
    ws = await workspace(tenure)
    await tenure.set_clock(ws, START + timedelta(days=2))
    early = (await listed(ws))[0]["id"]
    await ws.admin.patch(f"/v1/accounts/{early}", {"traits": {"ends": "2026-03-12"}})
    event = (await events_of(tenure, ws, "accounts.account_changed.v1"))[-1]
    assert event["changed"] == ["traits.ends", "traits.left", "traits.twice"]
    history = (await ws.admin.get(f"/v1/accounts/{early}/history?field=traits.left")).json()
    assert [(row["old"], row["new"]) for row in history["data"]] == [(6, 8)]


async def test_what_is_shown_beside_a_record_and_after_a_write_is_of_today(tenure: Tenure) -> None:
    ws = await workspace(tenure)
    early = (await listed(ws))[0]["id"]
    soon = "count(opportunities where contract_expiration within next 3 days)"
    await make_trait(ws, "account", "soon", "formula", formula=soon, result_type="number")
    await define(ws)
    await make_trait(ws, "project", "ends", "date")
    await make_trait(ws, "project", "left", "formula", formula=LEFT, result_type="number")
    await make(
        ws,
        "opportunities",
        {"name": "R", "account_id": early, "type": "renewal"}
        | {"contract_expiration": "2026-03-08"},
    )
    fields = {"name": "P", "account_id": early, "traits": {"ends": "2026-03-10"}}
    await make(ws, "objects/project", fields)
    await tenure.settle()
    await tenure.set_clock(ws, START + timedelta(days=4))
    one = await ws.admin.get(f"/v1/accounts/{early}?include=projects")
    assert one.json()["traits"]["soon"] == 1
    assert [each["traits"]["left"] for each in one.json()["projects"]] == [4]
    same = await ws.admin.patch(f"/v1/accounts/{early}", {"name": "Early"})
    assert (same.json()["traits"]["soon"], same.json()["traits"]["left"]) == (1, 4)
    assert same.headers["etag"] == one.headers["etag"]
