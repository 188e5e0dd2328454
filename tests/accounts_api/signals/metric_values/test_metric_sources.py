"""Sources one by one: of organizations and contacts, of related records, of declared numbers."""

from datetime import UTC, datetime

from tests.accounts_api.signals.metrics.making import made, metric, track, values
from tests.harness import Tenure

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_organizations_and_contacts_have_metrics_of_their_own(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    group = await made(ws, "organizations", {"name": "Group", "external_id": "group"})
    accounts = {}
    for name in ("a", "b"):
        body = {"name": name, "external_id": name, "organization_id": group["id"]}
        accounts[name] = (await made(ws, "accounts", body))["id"]
    links = [{"account_id": account} for account in accounts.values()]
    ann = await made(ws, "contacts", {"name": "ann", "external_id": "ann", "accounts": links})
    body = {"name": "rows", "type": "number", "events": ["export"]}
    await made(ws, "product-event-properties", body)
    for name in accounts:
        await track(ws, "export", name, "ann", properties={"rows": 0.1})
    await track(ws, "export", "a", properties={"rows": 2})
    window = {"events": ["export"], "window_days": 7}
    boss = {"contacts_where": 'name = "ann"'}
    await metric(ws, "o_events", {"source": "events", **window}, record_type="organization")
    active = {"source": "active_contacts", **window}
    await metric(ws, "o_active", active, record_type="organization")
    await metric(ws, "o_ann", active | boss, record_type="organization")
    await metric(ws, "o_people", {"source": "contacts"}, record_type="organization")
    summed = {"source": "sum", "property": "rows", **window}
    await metric(ws, "o_rows", summed, record_type="organization")
    await metric(ws, "a_rows", summed | {"events": "any"})
    await metric(ws, "c_events", {"source": "events", **window}, record_type="contact")
    await metric(ws, "c_days", {"source": "active_days", **window}, record_type="contact")
    await tenure.settle()
    assert await values(ws, group["id"], "organizations") == {
        "o_events": 3,
        "o_active": 1,
        "o_ann": 1,
        "o_people": 1,
        "o_rows": 2.2,
    }
    assert await values(ws, accounts["a"]) == {"a_rows": 2.1}
    assert await values(ws, ann["id"], "contacts") == {"c_events": 2, "c_days": 1}
    moved = await ws.admin.patch(f"/v1/accounts/{accounts['a']}", {"organization_id": None})
    assert moved.status_code == 200, moved.text
    await tenure.settle()
    found = await values(ws, group["id"], "organizations")
    assert (found["o_events"], found["o_rows"], found["o_people"]) == (1, 0.1, 1)


async def test_related_records_are_added_up_in_one_currency(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme = (await made(ws, "accounts", {"name": "A", "arr": 400, "currency": "EUR"}))["id"]
    for name, arr, day in (("x", 100, "2026-04-01"), ("y", 300, "2026-05-01")):
        deal = {"name": name, "type": "renewal", "account_id": acme, "close_date": day}
        await made(ws, "opportunities", {**deal, "arr": arr, "currency": "EUR"})
    deals = {"source": "related", "relation": "opportunities"}
    for how in ("sum", "min", "max"):
        await metric(ws, how, {**deals, "aggregate": how, "field": "arr"})
    latest = {**deals, "aggregate": "latest", "field": "arr", "by": "close_date"}
    await metric(ws, "latest", latest)
    where = {"where": 'name = "x"'}
    await metric(ws, "count", {**deals, "aggregate": "count", **where})
    own = {"source": "field", "field": "arr"}
    share = {**deals, "aggregate": "sum", "field": "arr"}
    await metric(ws, "share", share, denominator=own, unit="percent")
    none = {**deals, "aggregate": "max", "field": "arr", "where": 'name = "no"'}
    await metric(ws, "none", none)
    await tenure.settle()
    found = await values(ws, acme)
    assert found == {
        "sum": 400,
        "min": 100,
        "max": 300,
        "latest": 300,
        "count": 1,
        "share": 100,
        "none": "numerator_missing",
    }
    other = {"name": "z", "type": "renewal", "account_id": acme, "arr": 5, "currency": "USD"}
    await made(ws, "opportunities", other)
    await tenure.settle()
    found = await values(ws, acme)
    assert (found["sum"], found["share"]) == ("mixed_currencies", "mixed_currencies")
    assert found["latest"] == 300
    assert found["count"] == 1
