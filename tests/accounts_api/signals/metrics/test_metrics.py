"""What a metric may be defined as, who reads it, and what becomes of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.accounts_api.signals.metrics.making import made, metric, track, values
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LOGINS = {"source": "events", "events": ["login"], "window_days": 7}


async def world(tenure: Tenure) -> Workspace:
    ws = await tenure.workspace(frozen_at=START)
    body = {"record_type": "account", "key": "licences", "title": "Licences", "type": "number"}
    await made(ws, "traits", body)
    await made(ws, "accounts", {"name": "Acme", "external_id": "acme"})
    await track(ws, "login", "acme")
    await track(ws, "Report Exported", "acme")
    return ws


async def faults(ws: Workspace, **draft: Any) -> list[tuple[str, str, str | None]]:
    """Of the check, which says what creating says."""
    body = {"record_type": "account", **draft}
    checked = await ws.observer.post("/v1/metrics/check", body)
    assert checked.status_code == 200, checked.text
    found = [(f["pointer"], f["code"], f["suggestion"]) for f in checked.json()["faults"]]
    assert checked.json()["valid"] is not bool(found)
    refused = await ws.admin.post("/v1/metrics", {**body, "title": "Draft"})
    if found:
        assert refused.status_code == 422, refused.text
        said = refused.json()["errors"]
        assert [(f["pointer"], f["code"], f.get("suggestion")) for f in said] == found
    return found


async def test_every_fault_of_a_definition_is_said_at_once(tenure: Tenure) -> None:
    ws = await world(tenure)
    both = await faults(
        ws,
        numerator={"source": "active_contacts", "events": ["Login"], "window_days": 7}
        | {"contacts_where": "nme is empty"},
        denominator={"source": "field", "field": "traits.licenses"},
        cap={"minimum": 2, "maximum": 1},
    )
    assert both == [
        ("/numerator/events/0", "unknown_event", "login"),
        ("/numerator/contacts_where", "unknown_field", "name"),
        ("/denominator/field", "unknown_field", "traits.licences"),
        ("/cap/minimum", "bad_value", None),
    ]
    assert await faults(ws, numerator={"source": "field", "field": "name"}) == [
        ("/numerator/field", "wrong_type", None)
    ]
    assert await faults(ws, numerator={"source": "metric", "metric": "logins"}) == [
        ("/numerator/metric", "unknown_metric", None)
    ]
    related = {"source": "related", "relation": "opportunites", "aggregate": "sum"}
    assert await faults(ws, numerator=related) == [
        ("/numerator/relation", "unknown_relation", "opportunities")
    ]
    nothing = {"source": "constant", "value": 0}
    assert await faults(ws, numerator=LOGINS, denominator=nothing) == [
        ("/denominator/value", "bad_value", None)
    ]
    by_contact = {"source": "active_contacts", "events": "any", "window_days": 1}
    assert await faults(ws, record_type="contact", numerator=by_contact) == [
        ("/numerator/source", "wrong_source", "active_days")
    ]
    summed = {"source": "sum", "property": "rows", "events": "any", "window_days": 1}
    assert await faults(ws, numerator=summed) == [("/numerator/property", "unknown_property", None)]
    wide = await ws.admin.post(
        "/v1/metrics",
        {"title": "x", "record_type": "account", "numerator": LOGINS | {"window_days": 401}},
    )
    assert wide.json()["errors"][0]["pointer"] == "/numerator/window_days"


async def test_metrics_stand_three_deep_and_never_in_a_cycle(tenure: Tenure) -> None:
    ws = await world(tenure)
    first = await metric(ws, "one", LOGINS)
    previous = "one"
    for key in ("two", "three", "four"):
        await metric(ws, key, {"source": "metric", "metric": previous})
        previous = key
    assert await faults(ws, numerator={"source": "metric", "metric": "four"}) == [
        ("/numerator/metric", "too_deep", None)
    ]
    path = f"/v1/metrics/{first['id']}"
    answer = await ws.admin.patch(path, {"numerator": {"source": "metric", "metric": "four"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "rule_cycle"
    assert answer.json()["errors"][0]["path"] == ["one", "four", "three", "two", "one"]
    await metric(ws, "zero", LOGINS)
    answer = await ws.admin.patch(path, {"numerator": {"source": "metric", "metric": "zero"}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "too_deep"


async def test_what_a_metric_was_then_is_known_of_events_alone(tenure: Tenure) -> None:
    ws = await world(tenure)
    await metric(ws, "licences", {"source": "field", "field": "traits.licences"})
    await metric(ws, "logins", LOGINS | {"offset_days": 10})
    then = {"source": "metric", "metric": "licences", "days_ago": 7}
    assert await faults(ws, numerator=then) == [("/numerator/days_ago", "not_of_the_past", None)]
    far = {"source": "metric", "metric": "logins", "days_ago": 391}
    assert await faults(ws, numerator=far) == [("/numerator/days_ago", "bad_window", None)]
    assert await faults(ws, numerator=far | {"days_ago": 390}) == []


async def test_a_metric_is_edited_by_version_and_archived_when_nothing_reads_it(
    tenure: Tenure,
) -> None:
    ws = await world(tenure)
    acme = (await ws.admin.get("/v1/accounts")).json()["data"][0]["id"]
    logins = await metric(ws, "logins", LOGINS)
    await metric(ws, "per_licence", {"source": "metric", "metric": "logins"}, denominator=None)
    path = "/v1/metrics/logins"
    stale = await ws.admin.patch(path, {"decimals": 0}, if_match='"7"')
    assert stale.status_code == 412
    edited = await ws.admin.patch(path, {"numerator": LOGINS | {"events": "any"}})
    assert edited.status_code == 200, edited.text
    assert edited.json()["version"] == 2
    same = await ws.admin.patch(path, {"title": "logins"})
    assert same.json()["version"] == 2
    await tenure.settle()
    assert await values(ws, acme) == {"logins": 2, "per_licence": 2}
    answer = await ws.observer.get(f"{path}/usages")
    assert answer.status_code == 200, answer.text
    usages = answer.json()["usages"]
    assert [(one["type"], one["title"]) for one in usages] == [("metric", "per_licence")]
    refused = await ws.admin.delete(path)
    assert refused.status_code == 409
    assert refused.json()["code"] == "in_use"
    assert (await ws.admin.delete(path, params={"force": "true"})).status_code == 204
    await tenure.settle()
    assert await values(ws, acme) == {"per_licence": 2}
    shown = (await ws.observer.get("/v1/metrics/per_licence")).json()
    assert shown["faults"][0]["code"] == "unknown_metric"
    archived = (await ws.observer.get("/v1/metrics", params={"archived": "true"})).json()["data"]
    assert [one["id"] for one in archived] == [logins["id"]]
    assert (await ws.admin.patch(f"/v1/metrics/{logins['id']}", {"title": "x"})).status_code == 409
    await metric(ws, "logins", LOGINS)
    await tenure.settle()
    assert await values(ws, acme) == {"logins": 1, "per_licence": 1}
    assert (await ws.observer.get("/v1/metrics/per_licence")).json()["faults"] == []
    assert {"metric.created", "metric.updated", "metric.archived"} <= set(await ws.audited())


async def test_a_trait_that_a_metric_reads_is_in_use(tenure: Tenure) -> None:
    ws = await world(tenure)
    await metric(ws, "licences", {"source": "field", "field": "traits.licences"})
    traits = (await ws.admin.get("/v1/traits")).json()["data"]
    refused = await ws.admin.delete(f"/v1/traits/{traits[0]['id']}")
    assert refused.status_code == 409
    assert refused.json()["usages"][0]["type"] == "metric"


@pytest.mark.parametrize("who", ["observer", "team_member"])
async def test_who_may_not_lead_defines_no_metrics(tenure: Tenure, who: str) -> None:
    ws = await tenure.workspace(frozen_at=START)
    body = {"title": "x", "record_type": "account", "numerator": {"source": "contacts"}}
    assert (await getattr(ws, who).post("/v1/metrics", body)).status_code == 403
