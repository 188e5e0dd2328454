"""The health of one record: now, then, how it came about, and what people say over it."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.records.making import make_trait
from tests.accounts_api.signals.health_scores.making import (
    define,
    definition,
    linear,
    made,
    measure,
    score,
)
from tests.harness import Tenure, Workspace

SEATS = measure("seats", "traits.seats", linear(0, 100))
UNTIL = "2026-04-01T00:00:00Z"


async def world(tenure: Tenure, ws: Workspace, seats: int = 80) -> str:
    await make_trait(ws, "account", "seats", "number")
    account = {"name": "Acme", "traits": {"seats": seats}, "arr": 5_000, "currency": "USD"}
    acme = await made(ws, "/v1/accounts", account)
    await tenure.settle()
    await score(ws)
    await define(ws, definition(SEATS))
    return f"/v1/accounts/{acme['id']}"


async def health(ws: Workspace, path: str, **params: Any) -> dict[str, Any]:
    answer = await ws.observer.get(f"{path}/health", params=params)
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["data"]
    return dict(found)


async def types_of(ws: Workspace) -> list[str]:
    answer = await ws.admin.get("/v1/events", params={"limit": 200})
    return [row["type"] for row in answer.json()["data"] if row["type"].startswith("health.")]


async def test_what_was_decided_is_kept_with_its_points_and_its_cause(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = await world(tenure, ws)
    await tenure.settle()
    assert (await health(ws, path))["score"] == 80
    await tenure.set_clock(ws, datetime(2026, 3, 3, 9, tzinfo=UTC))
    await ws.admin.patch(path, {"traits": {"seats": 20}})
    await tenure.settle()
    await tenure.set_clock(ws, datetime(2026, 3, 4, 9, tzinfo=UTC))
    now = await health(ws, path)
    assert (now["score"], now["label"], now["label_since"]) == (20, "poor", "2026-03-03T09:00:00Z")
    then = await health(ws, path, as_of="2026-03-02T12:00:00Z")
    assert (then["score"], then["label"], then["override"]) == (80, "good", None)
    listed = (await ws.observer.get(f"{path}/health/overall/history")).json()["data"]
    assert [(row["score"], row["measures"]) for row in listed] == [
        (20, [{"key": "seats", "value": 20.0, "points": 20.0}]),
        (80, [{"key": "seats", "value": 80.0, "points": 80.0}]),
    ]
    assert listed[0]["cause"][0]["type"] == "member"
    first = (await ws.observer.get(f"{path}/health/overall/history?limit=1")).json()
    rest = await ws.observer.get(
        f"{path}/health/overall/history", params={"limit": 1, "cursor": first["next_cursor"]}
    )
    assert first["data"] + rest.json()["data"] == listed
    past = await ws.observer.get(
        "/v1/accounts",
        params={
            "as_of": "2026-03-02T12:00:00Z",
            "filter": "health.score >= 80",
            "fields": "name,health.label",
            "include": "health",
        },
    )
    [row] = past.json()["data"]
    assert (
        row["health"]["label"] if isinstance(row["health"], dict) else row["health"]
    ) is not None
    missing = await ws.observer.get(f"{path}/health/nothing/history")
    assert (missing.status_code, missing.json()["code"]) == (404, "health_score_not_found")


async def test_a_word_holds_until_it_expires_to_the_instant(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = await world(tenure, ws)
    await tenure.settle()
    override = f"{path}/health/overall/override"
    said = {"label": "fair", "reason": "Their champion leaves.", "expires_at": UNTIL}
    set_ = await ws.leader.put(override, said)
    assert set_.status_code == 200, set_.text
    held = set_.json()
    assert (held["score"], held["label"]) == (69, "fair"), "as far as the label goes"
    assert (held["computed_score"], held["computed_label"]) == (80, "good")
    assert (held["override"]["reason"], held["next_check_at"]) == (said["reason"], UNTIL)
    again = await ws.leader.put(override, said)
    assert (again.status_code, again.json()["code"]) == (409, "already_overridden")
    await ws.admin.patch(path, {"traits": {"seats": 10}})
    await tenure.settle()
    held = await health(ws, path)
    assert (held["score"], held["label"], held["computed_score"]) == (40, "fair", 10)
    await tenure.set_clock(ws, datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    assert (await health(ws, path))["label"] == "fair"
    await tenure.set_clock(ws, datetime(2026, 4, 1, 12, tzinfo=UTC))
    after = await health(ws, path)
    assert (after["score"], after["label"], after["override"]) == (10, "poor", None)
    assert after["label_since"] == UNTIL
    then = await health(ws, path, as_of="2026-03-31T23:00:00Z")
    assert (then["label"], then["override"]["label"]) == ("fair", "fair")
    told = await types_of(ws)
    for type_ in ("health.overridden", "health.override_ended", "health.label_changed"):
        assert type_ in told


async def test_who_may_speak_of_a_record_and_what_of(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = await world(tenure, ws)
    await tenure.settle()
    override = f"{path}/health/overall/override"
    said = {"score": 5, "reason": "Gone.", "expires_at": UNTIL}
    assert (await ws.observer.put(override, said)).status_code == 403
    wrong = {"label": "god", "score": 5, "reason": "-", "expires_at": "2027-01-01T00:00:00Z"}
    refused = await ws.leader.put(override, wrong)
    faults = {(each["pointer"], each["code"]) for each in refused.json()["errors"]}
    assert (refused.status_code, faults) == (
        422,
        {
            ("/label", "one_of"),
            ("/label", "unknown_label"),
            ("/expires_at", "override_too_long"),
        },
    )
    none = await ws.leader.delete(override)
    assert (none.status_code, none.json()["code"]) == (404, "no_override")
    held = (await ws.leader.put(override, said)).json()
    assert (held["score"], held["label"]) == (5, "poor")
    cleared = await ws.leader.delete(override)
    assert (cleared.status_code, cleared.json()["score"]) == (200, 80), cleared.text
    assert (await ws.leader.put(override, said)).status_code == 200, "one after the other"
    assert (await ws.admin.delete(path)).status_code == 204
    await tenure.settle()
    assert (await ws.observer.get(f"{path}/health")).status_code in {404, 410}
    listed = (await ws.observer.get(f"{path}/health/overall/history")).json()["data"]
    assert listed[0]["null_reason"] == "gone"


async def test_an_organization_is_as_its_accounts_are(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    group = await made(ws, "/v1/organizations", {"name": "Group"})
    inside = {"organization_id": group["id"], "currency": "USD"}
    big = {"name": "Big", "arr": 300, "traits": {"seats": 10}, **inside}
    small = {"name": "Small", "arr": 100, "traits": {"seats": 90}, **inside}
    accounts = [await made(ws, "/v1/accounts", body) for body in (big, small)]
    await score(ws)
    await define(ws, definition(SEATS))
    for key, rolled in (
        ("by_arr", {}),
        ("alike", {"weigh_by": "none"}),
        ("worst", {"mode": "worst"}),
        ("small", {"where": 'name = "Small"'}),
    ):
        await score(ws, key, record_type="organization")
        plain = definition(SEATS)
        del plain["groups"]
        await define(ws, {**plain, "from_children": rolled}, key=key)
    await tenure.settle()

    async def scores() -> dict[str, int | None]:
        answer = await ws.observer.get(f"/v1/organizations/{group['id']}/health")
        return {row["key"]: row["score"] for row in answer.json()["data"]}

    assert await scores() == {"by_arr": 30, "alike": 50, "worst": 10, "small": 90}
    path = f"/v1/accounts/{accounts[0]['id']}"
    assert (await ws.admin.patch(path, {"traits": {"seats": 50}})).status_code == 200
    await tenure.settle()
    assert await scores() == {"by_arr": 60, "alike": 70, "worst": 50, "small": 90}
    for account in accounts:
        assert (await ws.admin.delete(f"/v1/accounts/{account['id']}")).status_code == 204
    await tenure.settle()
    assert await scores() == dict.fromkeys(("by_arr", "alike", "worst", "small"))


async def test_events_say_what_moved_the_score_and_what_it_is_worth(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = await world(tenure, ws)
    await tenure.settle()
    before = await types_of(ws)
    assert "health.label_changed" not in before, "nothing happened to whom is scored first"
    await ws.admin.patch(path, {"traits": {"seats": 77}})
    await tenure.settle()
    assert "health.score_changed" not in await types_of(ws), "less than five points"
    await ws.admin.patch(path, {"traits": {"seats": 30}})
    await tenure.settle()
    answer = await ws.admin.get("/v1/events", params={"limit": 200})
    by_type = {row["type"]: row["data"] for row in answer.json()["data"]}
    told = by_type["health.label_changed"]
    assert (told["label_before"], told["label"], told["arr"]) == ("good", "poor", 5_000)
    assert told["because"] == [{"key": "seats", "points_before": 7_700, "points_after": 3_000}]
    assert (by_type["health.score_changed"]["score_before"], told["score_before"]) == (80, 77)
