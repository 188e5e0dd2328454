"""What a metric was: on each day what was stored then, when nothing came late."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts_api.signals.metric_series.rules import days_of
from tests.accounts_api.signals.metrics.making import made, metric, track, values
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
"""Before clocks change in Berlin."""


def test_steps_end_on_sundays_on_the_last_of_a_month_and_on_the_last_day() -> None:
    first, last = date(2026, 2, 27), date(2026, 3, 10)
    assert days_of(first, first, "day") == [first]
    assert days_of(first, last, "week") == [date(2026, 3, 1), date(2026, 3, 8), last]
    assert days_of(first, last, "month") == [date(2026, 2, 28), last]
    assert len(days_of(first, last, "day")) == 12


async def series(ws: Workspace, key: str, record_id: str, **asked: str) -> dict[str, Any]:
    params = {"record_id": record_id, "from": "2026-03-26", **asked}
    answer = await ws.observer.get(f"/v1/metrics/{key}/series", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_past_is_what_was_stored_on_each_day(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await ws.admin.patch("/v1/workspace", {"time_zone": "Europe/Berlin"})
    for key, type_ in (("licences", "number"), ("due", "date")):
        body = {"record_type": "account", "key": key, "title": key, "type": type_}
        await made(ws, "traits", body)
    traits = {"licences": 4, "due": "2026-04-01"}
    acme = await made(ws, "accounts", {"name": "A", "external_id": "acme", "traits": traits})
    for name in ("ann", "bob"):
        links = [{"account_id": acme["id"]}]
        await made(ws, "contacts", {"name": name, "external_id": name, "accounts": links})
    await track(ws, "login", "acme", "ann")
    window = {"events": ["login"], "window_days": 3}
    await metric(ws, "logins", {"source": "events", **window})
    active = {"source": "active_contacts", **window}
    licences = {"source": "field", "field": "traits.licences"}
    await metric(ws, "use", active, denominator=licences, unit="percent")
    await metric(ws, "share", active, denominator={"source": "contacts"}, unit="percent")
    await metric(ws, "until", {"source": "field", "field": "traits.due", "as": "days_until"})
    await metric(ws, "before", {"source": "metric", "metric": "logins", "days_ago": 1})
    stored: dict[str, dict[str, Any]] = {}
    for day in range(6):
        await tenure.set_clock(ws, START + timedelta(days=day))
        if day in (1, 3):
            await track(ws, "login", "acme", "bob")
        if day == 2:
            change = {"traits": {"licences": 8, "due": None}}
            await ws.admin.patch(f"/v1/accounts/{acme['id']}", change)
        if day == 4:
            await made(ws, "contacts", {"name": "c", "accounts": [{"account_id": acme["id"]}]})
        await tenure.settle()
        stored[f"{START + timedelta(days=day):%F}"] = await values(ws, acme["id"])
    for key in ("logins", "use", "share", "until", "before"):
        found = await series(ws, key, acme["id"])
        past = {
            point["day"]: point["null_reason"] if point["value"] is None else point["value"]
            for point in found["points"]
        }
        assert past.pop("2026-03-26") == "no_record"
        assert past == {day: then[key] for day, then in stored.items()}, key
    found = await series(ws, "logins", acme["id"])
    assert (found["reliable_from"], found["because"]) == ("2026-03-29", "events_began")
    assert [point["reliable"] for point in found["points"]] == [False] * 3 + [True] * 4
    weekly = await series(ws, "logins", acme["id"], step="week")
    assert [point["day"] for point in weekly["points"]] == ["2026-03-29", "2026-04-01"]
    always = await series(ws, "until", acme["id"])
    assert always["because"] is None
    assert all(point["reliable"] for point in always["points"])
    rows = (await ws.observer.get(f"/v1/accounts/{acme['id']}/metrics")).json()["data"]
    assert {row["key"]: row["reliable"] for row in rows}["logins"] is True


async def test_a_series_that_cannot_be_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme = (await made(ws, "accounts", {"name": "A"}))["id"]
    await metric(ws, "contacts", {"source": "contacts"})

    async def refusal(**params: str) -> tuple[str, str]:
        answer = await ws.observer.get(
            "/v1/metrics/contacts/series", params={"record_id": acme, **params}
        )
        assert answer.status_code == 422, answer.text
        error = answer.json()["errors"][0]
        return error["pointer"], error["code"]

    assert await refusal(**{"from": "2026-03-28"}) == ("/query/from", "in_the_future")
    assert await refusal(**{"from": "2025-03-28"}) == ("/query/step", "too_many")
    ends = {"from": "2026-03-20", "to": "2026-03-19"}
    assert await refusal(**ends) == ("/query/to", "bad_value")
    elsewhere = {"record_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d", "from": "2026-03-20"}
    answer = await ws.observer.get("/v1/metrics/contacts/series", params=elsewhere)
    assert answer.status_code == 404
