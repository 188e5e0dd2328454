"""How scores are spread, and what they had said of those that left."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from accounts_api.signals.health_values.models import health_changes, health_scores
from shared.ids import new_id
from tests.accounts_api.signals.health_scores.making import PATH, made, score
from tests.harness import Tenure, Workspace

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def account(ws: Workspace, name: str, **fields: Any) -> str:
    return str((await made(ws, "/v1/accounts", {"name": name, **fields}))["id"])


async def stored(
    tenure: Tenure, ws: Workspace, score_id: str, record_id: str, days_ago: int, **said: Any
) -> None:
    """A score as the evaluation leaves it."""
    at = NOW - timedelta(days=days_ago)
    row = {"workspace_id": ws.id, "score_id": score_id, "record_id": record_id, **said}
    async with tenure.workers["accounts"].units.begin(ws.id, []) as uow:
        change = {**row, "id": new_id(), "valid_from": at, "cause": []}
        await uow.connection.execute(insert(health_changes).values(**change))
        if not days_ago:
            now = {**row, "label_since": at, "computed_at": at}
            await uow.connection.execute(insert(health_scores).values(**now))


async def reported(ws: Workspace, what: str, **params: Any) -> dict[str, Any]:
    answer = await ws.observer.get(f"{PATH}/overall/{what}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_scores_are_counted_now_and_as_they_were(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=NOW - timedelta(days=10))
    of = (await score(ws))["id"]
    one = await account(ws, "One", arr=100, currency="USD")
    two = await account(ws, "Two", arr=50, currency="EUR")
    three = await account(ws, "Three")
    segment = {"title": "Ones", "record_type": "account", "rule": 'name in ("One", "Three")'}
    await made(ws, "/v1/segments", {**segment, "key": "ones"})
    await tenure.settle()
    await tenure.set_clock(ws, NOW)
    await ws.admin.patch(f"/v1/accounts/{one}", {"arr": 300})
    await tenure.settle()
    for each in (one, two, three):
        await stored(tenure, ws, of, each, 5, score=80, label="healthy")
    await stored(tenure, ws, of, one, 0, score=30, label="poor")
    await stored(tenure, ws, of, two, 0, score=100, label="healthy")
    await stored(tenure, ws, of, three, 0, null_reason="not_enough_data")
    now = await reported(ws, "distribution")
    assert (now["records"], now["scored"], now["median"]) == (3, 2, "65")
    assert now["histogram"] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert now["labels"] == [
        {"label": "healthy", "records": 1, "arr": {"EUR": 50}},
        {"label": "poor", "records": 1, "arr": {"USD": 300}},
    ]
    assert now["unscored"] == [{"reason": "not_enough_data", "records": 1, "arr": {}}]
    then = (NOW - timedelta(days=2)).isoformat()
    was = await reported(ws, "distribution", as_of=then, segment_id="ones")
    assert was["labels"] == [{"label": "healthy", "records": 2, "arr": {"USD": 100}}]
    assert (was["median"], was["records"]) == ("80", 2)
    before = await reported(ws, "distribution", as_of=(NOW - timedelta(days=8)).isoformat())
    assert (before["records"], before["median"]) == (0, None)
    await ws.admin.delete(f"/v1/accounts/{two}")
    assert (await reported(ws, "distribution"))["records"] == 2
    assert (await reported(ws, "distribution", as_of=then))["records"] == 3
    later = {"as_of": (NOW + timedelta(days=1)).isoformat()}
    answer = await ws.observer.get(f"{PATH}/overall/distribution", params=later)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")


async def test_a_back_test_compares_what_was_said_with_what_came(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=NOW - timedelta(days=200))
    of = (await score(ws))["id"]
    trait = {"record_type": "account", "key": "churned_on", "title": "C", "type": "date"}
    await made(ws, "/v1/traits", trait)
    rule = {
        "title": "Churned",
        "status": "churned",
        "rule": "traits.churned_on <= today",
        "since_field": "traits.churned_on",
    }
    await made(ws, "/v1/lifecycle-rules", rule)
    names = ("warned", "unseen", "stayed", "rescued", "new")
    accounts = {name: await account(ws, name, arr=1_000, currency="USD") for name in names}
    await tenure.settle()
    for name, label in zip(names, ("poor", "healthy", "healthy", "poor"), strict=False):
        await stored(tenure, ws, of, accounts[name], 180, score=1, label=label)
        await stored(tenure, ws, of, accounts[name], 40, score=1, label="later")
    await tenure.set_clock(ws, NOW)
    for name in ("warned", "unseen", "new"):
        changes = {"arr": 0, "traits": {"churned_on": "2026-02-20"}}
        await ws.admin.patch(f"/v1/accounts/{accounts[name]}", changes)
    for name in ("stayed", "rescued", "warned"):
        deal = {"name": "R", "type": "renewal", "stage": "Won", "is_closed": True, "is_won": True}
        deal |= {"account_id": accounts[name], "close_date": "2026-02-10"}
        await made(ws, "/v1/opportunities", deal)
    await tenure.settle()
    found = await reported(ws, "back-test", label="poor")
    assert (found["from"], found["to"], found["horizon_days"]) == ("2025-03-02", "2026-03-02", 90)
    counted = [(each["label"], each["outcome"], each["accounts"]) for each in found["outcomes"]]
    assert counted == [
        ("healthy", "churned", 1),
        ("healthy", "renewed", 1),
        ("poor", "churned", 1),
        ("poor", "renewed", 1),
        (None, "churned", 1),
    ]
    assert all(each["arr"] == {"USD": 1_000} for each in found["outcomes"]), "as it was then"
    assert (found["recall"]["accounts"], found["recall"]["of_accounts"]) == (1, 3)
    assert found["recall"]["share_of_arr"] == {"USD": "0.3333"}
    assert (found["precision"]["share"], found["precision"]["of_accounts"]) == ("0.5000", 2)
    near = await reported(ws, "back-test", label="poor", horizon_days=10)
    assert {each["label"] for each in near["outcomes"]} == {"later", None}
    assert near["precision"]["share"] is None
    none = await reported(ws, "back-test", **{"from": "2025-03-01", "to": "2025-04-01"})
    assert (none["outcomes"], none["label"], none["recall"]["share"]) == ([], None, None)


async def test_a_back_test_of_no_period_or_of_other_records_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=NOW)
    await score(ws)
    await score(ws, "adoption", record_type="contact")
    for path, params, code in (
        ("overall", {"from": "2026-05-01", "to": "2026-04-01"}, "bad_range"),
        ("adoption", {}, "wrong_record_type"),
    ):
        answer = await ws.observer.get(f"{PATH}/{path}/back-test", params=params)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
