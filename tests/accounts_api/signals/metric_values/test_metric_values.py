"""What metrics come to, and that they follow events, records and the clock."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.signals.metrics.making import made, metric, track, values
from tests.harness import Tenure

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_metrics_follow_events_records_and_the_clock(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    traits = [("licences", "number"), ("renews", "date")]
    for key, type_ in traits:
        body = {"record_type": "account", "key": key, "title": key, "type": type_}
        await made(ws, "traits", body)
    acme = await made(
        ws,
        "accounts",
        {
            "name": "Acme",
            "external_id": "acme",
            "arr": 1_000_00,
            "currency": "EUR",
            "traits": {"licences": 8, "renews": "2026-03-12"},
        },
    )
    other = await made(ws, "accounts", {"name": "Other", "external_id": "other"})
    for name in ("ann", "bob", "cay"):
        link = [{"account_id": acme["id"]}]
        await made(ws, "contacts", {"name": name, "external_id": name, "accounts": link})
    for user, times in (("ann", 3), ("bob", 1), (None, 2)):
        for _ in range(times):
            await track(ws, "login", "acme", user)
    login = {"events": ["login"], "window_days": 7}
    await metric(ws, "logins", {"source": "events", **login})
    await metric(ws, "active", {"source": "active_contacts", **login})
    await metric(ws, "busy", {"source": "active_contacts", **login, "at_least": 3})
    where = {"contacts_where": 'name = "bob"'}
    await metric(ws, "bobs", {"source": "active_contacts", **login, **where})
    await metric(ws, "days", {"source": "active_days", "events": "any", "window_days": 7})
    await metric(
        ws,
        "share",
        {"source": "metric", "metric": "active"},
        denominator={"source": "contacts"},
        unit="percent",
        decimals=1,
    )
    await metric(
        ws,
        "use",
        {"source": "active_contacts", "events": "any", "window_days": 30},
        denominator={"source": "field", "field": "traits.licences"},
        unit="percent",
    )
    await metric(ws, "until", {"source": "field", "field": "traits.renews", "as": "days_until"})
    await metric(ws, "before", {"source": "metric", "metric": "logins", "days_ago": 3})
    await tenure.settle()
    assert await values(ws, acme["id"]) == {
        "logins": 6,
        "active": 2,
        "busy": 1,
        "bobs": 1,
        "days": 1,
        "share": 66.7,
        "use": 25,
        "until": 10,
        "before": 0,
    }
    assert await values(ws, other["id"]) == {
        "logins": 0,
        "active": 0,
        "busy": 0,
        "bobs": 0,
        "days": 0,
        "share": "denominator_zero",
        "use": "denominator_missing",
        "until": "numerator_missing",
        "before": 0,
    }
    await track(ws, "login", "acme", "cay")
    await tenure.settle()
    found = await values(ws, acme["id"])
    assert (found["share"], found["use"], found["logins"]) == (100, 37.5, 7)
    await tenure.set_clock(ws, datetime(2026, 3, 6, 9, tzinfo=UTC))
    await tenure.settle()
    found = await values(ws, acme["id"])
    assert (found["until"], found["before"], found["logins"]) == (6, 7, 7)
    await tenure.set_clock(ws, datetime(2026, 3, 9, tzinfo=UTC))
    await tenure.settle()
    found = await values(ws, acme["id"])
    assert (found["logins"], found["active"], found["days"]) == (0, 0, 0)
    assert (found["share"], found["use"]) == (0, 37.5)


async def test_values_are_fields_of_the_records(tenure: Tenure) -> None:
    """To filters, orders, chosen fields, segments, formulas, included parts and files."""
    ws = await tenure.workspace(frozen_at=START)
    ids = {}
    for name, arr in (("a", 300), ("b", 100), ("c", None)):
        body = {"name": name, "external_id": name, "arr": arr, "currency": "EUR"}
        ids[name] = (await made(ws, "accounts", body))["id"]
        await track(ws, "login", name)
    await track(ws, "login", "a")
    value = {"source": "field", "field": "arr"}
    logins = {"source": "events", "events": ["login"], "window_days": 7}
    await metric(ws, "per_login", value, denominator=logins)
    body = {"title": "Dear", "record_type": "account", "rule": "metrics.per_login >= 150"}
    dear = await made(ws, "segments", body)
    formula = {"record_type": "account", "key": "twice", "title": "Twice", "type": "formula"}
    formula |= {"formula": "metrics.per_login * 2", "result_type": "number"}
    await made(ws, "traits", formula)
    await tenure.settle()

    async def listed(**params: str) -> list[dict[str, Any]]:
        answer = await ws.observer.get("/v1/accounts", params=params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["data"]
        return rows

    async def members() -> set[str]:
        rows = (await ws.observer.get(f"/v1/segments/{dear['id']}/members")).json()["data"]
        return {row["record_id"] for row in rows}

    assert [row["name"] for row in await listed(filter="metrics.per_login < 150")] == ["b"]
    assert [row["name"] for row in await listed(filter="metrics.per_login is empty")] == ["c"]
    assert [row["name"] for row in await listed(sort="-metrics.per_login")] == ["a", "b", "c"]
    rows = await listed(fields="name,metrics.per_login", sort="name")
    assert [row["metrics"]["per_login"] for row in rows] == [150, 100, None]
    rows = await listed(include="metrics", sort="name")
    assert [row["metrics"]["per_login"]["null_reason"] for row in rows] == [
        None,
        None,
        "numerator_missing",
    ]
    assert [row["traits"].get("twice") for row in rows] == [300, 200, None]
    assert await members() == {ids["a"]}
    exported = await ws.admin.get(
        "/v1/accounts/export.csv", params={"fields": "name,metrics.per_login", "sort": "name"}
    )
    assert exported.text.split() == [
        "id,name,metrics.per_login",
        *(f"{ids[name]},{name},{value}" for name, value in (("a", "150"), ("b", "100"), ("c", ""))),
    ]
    past = {"filter": "metrics.per_login > 1", "as_of": "2026-03-01T00:00:00Z"}
    refused = await ws.observer.get("/v1/accounts", params=past)
    assert refused.json()["errors"][0]["code"] == "not_of_the_past"
    await track(ws, "login", "a")
    await tenure.settle()
    assert await members() == set()
    used = (await ws.observer.get("/v1/metrics/per_login/usages")).json()["usages"]
    assert {one["type"] for one in used} == {"formula", "segment"}
    gone = await ws.admin.delete("/v1/metrics/per_login", params={"force": "true"})
    assert gone.status_code == 204
    await tenure.settle()
    segment = (await ws.observer.get(f"/v1/segments/{dear['id']}")).json()
    assert segment["faults"]
    await metric(ws, "per_login", value)
    await tenure.settle()
    assert await members() == {ids["a"]}
