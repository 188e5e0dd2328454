"""Lifecycle rules through HTTP: precedence, mapped dates, stints, previews, explanations."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from tests.harness import Tenure, Workspace


async def trait(ws: Workspace, key: str, type_: str) -> None:
    body = {"record_type": "account", "key": key, "title": key, "type": type_}
    answer = await ws.admin.post("/v1/traits", body)
    assert answer.status_code == 201, answer.text


async def account(ws: Workspace, name: str, **traits: Any) -> str:
    answer = await ws.admin.post("/v1/accounts", {"name": name, "traits": traits})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def rule(ws: Workspace, status: str, written: Any, **more: Any) -> dict[str, Any]:
    body = {"title": f"{status}: {written}"[:190], "status": status, "rule": written, **more}
    answer = await ws.admin.post("/v1/lifecycle-rules", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def status(ws: Workspace, account_id: str) -> tuple[str, str | None]:
    found = (await ws.observer.get(f"/v1/accounts/{account_id}")).json()
    return found["lifecycle_status"], found["lifecycle_status_since"]


async def explained(ws: Workspace, account_id: str) -> dict[str, Any]:
    answer = await ws.observer.get("/v1/lifecycle-rules/explain", params={"account_id": account_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(tenure: Tenure, ws: Workspace) -> list[dict[str, Any]]:
    """The transitions that were published, in order."""
    statement = text(
        "select payload from events where workspace_id = :id"
        " and name = 'accounts.lifecycle_status_changed.v1' order by seq"
    )
    async with tenure.workers["accounts"].units.across_workspaces() as scope:
        return list(await scope.connection.scalars(statement, {"id": ws.id}))


async def test_statuses_follow_rules_in_their_precedence(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await trait(ws, "test_account", "boolean")
    await trait(ws, "churned_on", "date")
    plain = await account(ws, "Plain")
    gone = await account(ws, "Gone", churned_on="2026-02-10")
    both = await account(ws, "Both", churned_on="2026-02-10", test_account=True)
    churned = await rule(
        ws, "churned", "traits.churned_on is past", since_field="traits.churned_on"
    )
    ignored = await rule(ws, "ignored", "traits.test_account = true")
    await tenure.settle()
    assert (await status(ws, plain))[0] == "subscribed"
    assert await status(ws, gone) == ("churned", "2026-02-10T00:00:00Z")
    assert (await status(ws, both))[0] == "ignored"
    listed = (await ws.observer.get("/v1/lifecycle-rules")).json()
    assert [row["id"] for row in listed["data"]] == [ignored["id"], churned["id"]]
    assert listed["progress"]["state"] == "done"
    found = await explained(ws, both)
    assert found["decided_by"] == ignored["id"]
    assert [one["verdict"] for one in found["rules"]] == [True, True]
    assert [stint["status"] for stint in found["status_periods"]] == ["ignored"]
    names = (await ws.observer.get("/v1/accounts")).json()["data"]
    assert {row["id"] for row in names} == {plain, gone}


async def test_a_status_changes_when_its_date_comes_and_each_stint_is_kept(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    await trait(ws, "trial_ends_on", "date")
    await trait(ws, "churned_on", "date")
    await rule(ws, "churned", "traits.churned_on <= today", since_field="traits.churned_on")
    await rule(ws, "trial", "traits.trial_ends_on is not empty", end_field="traits.trial_ends_on")
    one = await account(ws, "One", trial_ends_on="2026-03-20", churned_on="2026-04-01")
    await tenure.settle()
    assert await status(ws, one) == ("trial", "2026-03-02T09:00:00Z")
    assert (await explained(ws, one))["unconverted"] is False
    await tenure.set_clock(ws, datetime(2026, 3, 25, 9, 0, tzinfo=UTC))
    assert (await explained(ws, one))["unconverted"] is True
    await tenure.set_clock(ws, datetime(2026, 4, 3, 9, 0, tzinfo=UTC))
    assert await status(ws, one) == ("churned", "2026-04-01T00:00:00Z")
    await ws.admin.patch(
        f"/v1/accounts/{one}", {"traits": {"churned_on": None, "trial_ends_on": None}}
    )
    await tenure.settle()
    assert await status(ws, one) == ("subscribed", "2026-04-03T09:00:00Z")
    stints = (await explained(ws, one))["status_periods"]
    assert [(stint["status"], stint["started_at"]) for stint in stints] == [
        ("subscribed", "2026-04-03T09:00:00Z"),
        ("churned", "2026-04-01T00:00:00Z"),
        ("trial", "2026-03-02T09:00:00Z"),
    ]
    changes = await told(tenure, ws)
    assert [(c["before"], c["after"]) for c in changes] == [
        ("subscribed", "trial"),
        ("trial", "churned"),
        ("churned", "subscribed"),
    ]


async def test_ignored_accounts_leave_with_all_that_belongs_to_them_alone(tenure: Tenure) -> None:
    """Lists, counts, exports and segments; search finds them."""
    ws = await tenure.workspace()
    await trait(ws, "test_account", "boolean")
    one, two = await account(ws, "One"), await account(ws, "Two")
    deal = await ws.admin.post(
        "/v1/opportunities", {"name": "R", "type": "renewal", "account_id": one}
    )
    loose = {"name": "Loose", "type": "renewal"}
    assert (await ws.admin.post("/v1/opportunities", loose)).status_code == 201
    for name, at in (("Ann", [one]), ("Bea", [one, two]), ("Cleo", [])):
        body: dict[str, Any] = {"name": name, "accounts": [{"account_id": each} for each in at]}
        assert (await ws.admin.post("/v1/contacts", body)).status_code == 201
    for record_type in ("account", "opportunity", "contact"):
        body = {"title": record_type, "record_type": record_type, "rule": {"all": []}}
        assert (await ws.admin.post("/v1/segments", body)).status_code == 201
    await tenure.settle()

    async def counted() -> list[int]:
        listed = (await ws.observer.get("/v1/segments")).json()["data"]
        return [row["count"] for row in listed]

    async def shown(plural: str, **params: Any) -> list[str]:
        path = f"/v1/{plural}"
        answer = await ws.observer.get(path, params={"sort": "name", "count": "exact", **params})
        found = [row["name"] for row in answer.json()["data"]]
        assert answer.json()["count"]["value"] == len(found)
        exported = await ws.observer.get(f"{path}/export.csv", params={"sort": "name", **params})
        assert len(exported.text.splitlines()) == 1 + len(found)
        return found

    assert deal.status_code == 201
    assert await counted() == [2, 3, 2]
    made = await rule(ws, "ignored", "traits.test_account = true")
    await ws.admin.patch(f"/v1/accounts/{one}", {"traits": {"test_account": True}})
    await tenure.settle()
    assert await counted() == [1, 2, 1]
    assert await shown("opportunities") == ["Loose"]
    assert await shown("contacts") == ["Bea", "Cleo"], "she is at another account, too"
    assert await shown("contacts", filter='name starts with "A"') == []
    assert await shown("contacts", include_ignored="true") == ["Ann", "Bea", "Cleo"]
    assert await shown("opportunities", filter='account.status = "ignored"') == ["R"]
    before = {"as_of": "2000-01-01T00:00:00Z"}
    assert await shown("contacts", **before) == []
    searched = await ws.observer.post("/v1/contacts/search", {"query": "ann"})
    assert [row["name"] for row in searched.json()["data"]] == ["Ann"]
    gone = await ws.admin.delete(f"/v1/lifecycle-rules/{made['id']}")
    assert gone.status_code == 204
    await tenure.settle()
    assert await counted() == [2, 3, 2]
    assert await shown("opportunities") == ["Loose", "R"]
    assert await shown("contacts") == ["Ann", "Bea", "Cleo"]


async def test_a_preview_counts_and_names_who_would_move(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await account(ws, "One")
    await account(ws, "Two")
    draft = {"rules": [{"status": "churned", "rule": 'name = "One"'}]}
    answer = await ws.observer.post("/v1/lifecycle-rules/preview", draft)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["counts"] == {"subscribed": 1, "trial": 0, "churned": 1, "ignored": 0}
    assert found["transitions"] == [{"before": "subscribed", "after": "churned", "accounts": 1}]
    assert [mover["id"] for mover in found["samples"]] == [one]
    await tenure.settle()
    assert (await status(ws, one))[0] == "subscribed"


async def test_a_faulty_rule_is_refused_with_its_place(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"title": "X", "status": "churned", "rule": "nmae = 5", "since_field": "name"}
    answer = await ws.admin.post("/v1/lifecycle-rules", body)
    assert answer.status_code == 422
    (fault, other) = answer.json()["errors"]
    assert (fault["pointer"], other["pointer"]) == ("/rule", "/since_field")
    assert fault["suggestion"] == "name"
    assert fault["column"] == 1
    body["rule"] = 'name = "x"'
    answer = await ws.admin.post("/v1/lifecycle-rules", body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/since_field"]


async def unconverted(ws: Workspace, **params: Any) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/lifecycle-rules/unconverted-trials", params=params)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    following = page["next_cursor"]
    found: list[dict[str, Any]] = page["data"]
    return found + (await unconverted(ws, **params, cursor=following) if following else [])


async def test_trials_past_their_end_are_listed_from_the_instant_on(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    await trait(ws, "trial_ends_on", "date")
    zone = await ws.admin.patch("/v1/workspace", {"time_zone": "America/New_York"})
    assert zone.status_code == 200, zone.text
    made = await rule(
        ws, "trial", "traits.trial_ends_on is not empty", end_field="traits.trial_ends_on"
    )
    one = await account(ws, "One", trial_ends_on="2026-03-20")
    two = await account(ws, "Two", trial_ends_on="2026-03-10")
    await tenure.settle()
    assert await unconverted(ws) == []
    await tenure.set_clock(ws, datetime(2026, 3, 21, 3, 59, tzinfo=UTC))
    assert [row["account_id"] for row in await unconverted(ws)] == [two]
    assert (await explained(ws, one))["unconverted"] is False
    await tenure.set_clock(ws, datetime(2026, 3, 21, 4, 0, tzinfo=UTC))
    found = await unconverted(ws, limit=1)
    assert [row["account_id"] for row in found] == [two, one]
    assert found[1]["trial_ends_at"] == "2026-03-21T04:00:00Z"
    assert (await explained(ws, one))["unconverted"] is True
    # A longer trial runs again, and a rule without an end has none.
    await ws.admin.patch(f"/v1/accounts/{two}", {"traits": {"trial_ends_on": "2026-05-01"}})
    await tenure.settle()
    assert [row["account_id"] for row in await unconverted(ws)] == [one]
    path = f"/v1/lifecycle-rules/{made['id']}"
    assert (await ws.admin.patch(path, {"end_field": None})).status_code == 200
    await tenure.settle()
    assert await unconverted(ws) == []
    assert [change["after"] for change in await told(tenure, ws)] == ["trial", "trial"]


async def test_ignored_accounts_are_found_by_search_alone(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one, two = await account(ws, "Hidden Ltd"), await account(ws, "Shown Ltd")
    await rule(ws, "ignored", 'name = "Hidden Ltd"')
    await tenure.settle()

    async def found(**params: Any) -> set[str]:
        answer = await ws.observer.get("/v1/accounts", params=params)
        assert answer.status_code == 200, answer.text
        return {row["id"] for row in answer.json()["data"]}

    assert await found() == {two}
    assert await found(filter='name contains "ltd"') == {two}
    counted = await ws.observer.get("/v1/accounts", params={"count": "exact", "limit": 1})
    assert counted.json()["count"]["value"] == 1
    searched = await ws.observer.post("/v1/accounts/search", {"query": "ltd"})
    assert {row["id"] for row in searched.json()["data"]} == {one, two}
    assert await found(filter='status = "ignored"') == {one}


async def test_a_rule_that_asks_for_what_it_decides_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for written in ('status = "trial"', "organization.account.status_since is past"):
        body = {"title": "Round", "status": "ignored", "rule": written}
        answer = await ws.admin.post("/v1/lifecycle-rules", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "rule_cycle"
        draft = {"rules": [{"status": "ignored", "rule": written}]}
        answer = await ws.admin.post("/v1/lifecycle-rules/preview", draft)
        assert answer.json()["errors"][0]["pointer"] == "/rules/0/rule"


async def test_statuses_and_segments_do_not_run_in_circles(tenure: Tenure) -> None:
    """Ignored accounts leave segments, so being in one cannot be what ignores them."""
    ws = await tenure.workspace()

    async def segment(record_type: str, written: Any) -> str:
        body = {"title": f"{record_type} {written}", "record_type": record_type, "rule": written}
        answer = await ws.admin.post("/v1/segments", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    people = await segment("contact", 'title = "COO"')
    big = await segment("account", "arr > 5")
    for written in (f'in segment "{big}"', f'any contacts (in segment "{people}")'):
        body = {"title": "Round", "status": "ignored", "rule": written}
        answer = await ws.admin.post("/v1/lifecycle-rules", body)
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert fault["code"] == "rule_cycle"
        assert fault["path"][0] == fault["path"][-1] == "the lifecycle status"
    # Organizations are in segments whatever their accounts' status is, until a rule says otherwise.
    groups = await segment("organization", 'name = "Group"')
    await rule(ws, "ignored", f'any organization (in segment "{groups}")')
    closing = {"rule": 'any accounts (status = "trial")'}
    answer = await ws.admin.patch(f"/v1/segments/{groups}", closing)
    assert answer.json()["errors"][0]["code"] == "rule_cycle"
