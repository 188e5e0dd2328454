"""Every operator through HTTP, in both forms: the records that a list filter finds."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from accounts_api.customers.querying.service import ListRequest, list_records
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from shared.lists.filters import RuleTooExpensive
from shared.rules.syntax.nodes import Op
from tests.harness import Tenure, Workspace

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday. The fiscal year begins in February, and the third of March is a holiday."""

ACCOUNTS: dict[str, dict[str, Any]] = {
    "ACMÉ Corp": {"country": "DE", "arr": 5_000_000, "currency": "USD", "domain": "acme.example"},
    "Łódź Tools": {"country": "PL", "arr": 9_950, "currency": "EUR"},
    "the Test": {"country": "FR", "arr": 100, "currency": "USD", "domain": "test.example"},
    "Empty": {},
}
DEALS = {
    "last month": "2026-02-27",
    "yesterday": "2026-03-01",
    "today": "2026-03-02",
    "holiday": "2026-03-03",
    "thursday": "2026-03-05",
    "april": "2026-04-30",
    "may": "2026-05-31",
    "next year": "2027-02-01",
    "none": None,
}
STARTS = {
    "yesterday": "2025-03-01",
    "today": "2025-03-02",
    "thursday": "2024-03-05",
    "april": "2026-03-05",
    "may": "2025-05-01",
}
"""The contract's beginning of some of them."""
FOUND: list[tuple[str, str, set[str]]] = [
    ("account", 'country = "DE"', {"ACMÉ Corp"}),
    ("account", 'country != "DE"', {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'country in ("DE", "PL")', {"ACMÉ Corp", "Łódź Tools"}),
    ("account", 'country not in ("DE", "PL")', {"the Test", "Empty"}),
    ("account", 'name contains "acme c"', {"ACMÉ Corp"}),
    ("account", 'name contains "lodz"', {"Łódź Tools"}),
    ("account", 'name = "acmé corp"', set()),
    ("account", 'domain not contains "TEST"', {"ACMÉ Corp", "Łódź Tools", "Empty"}),
    ("account", 'name starts with "The "', {"the Test"}),
    ("account", 'domain ends with "E.EXAMPLE"', {"ACMÉ Corp"}),
    ("account", "arr > 9950", {"ACMÉ Corp"}),
    ("account", "arr >= 50000 USD", {"ACMÉ Corp"}),
    ("account", "arr < 200", {"the Test"}),
    ("account", "arr <= 99.50 EUR", {"Łódź Tools"}),
    ("account", "arr between 1 USD and 50000 USD", {"ACMÉ Corp", "the Test"}),
    ("account", "arr != 100", {"ACMÉ Corp", "Łódź Tools", "Empty"}),
    ("account", "domain is empty", {"Łódź Tools", "Empty"}),
    ("account", "domain is not empty", {"ACMÉ Corp", "the Test"}),
    ("account", "traits.seats between 1.5 and 3", {"the Test"}),
    ("account", "traits.vip = true", {"ACMÉ Corp"}),
    ("account", "traits.vip != true", {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'traits.tier in ("gold")', {"ACMÉ Corp"}),
    ("account", 'traits.products has any ("crm", "ats")', {"ACMÉ Corp", "the Test"}),
    ("account", 'traits.products has all ("crm", "ats")', {"ACMÉ Corp"}),
    ("account", 'traits.products has none ("ats")', {"Łódź Tools", "the Test", "Empty"}),
    ("account", "traits.last_call is past", {"ACMÉ Corp"}),
    ("account", "traits.last_call within last 2 hours", {"ACMÉ Corp"}),
    ("account", "traits.last_call within last 1 hour", set()),
    ("account", "traits.last_call is future", {"the Test"}),
    ("account", "traits.last_call >= 2026-03-02T07:30:00Z", {"ACMÉ Corp", "the Test"}),
    ("account", "traits.last_call = 2026-03-02", {"ACMÉ Corp", "the Test"}),
    ("account", "arr changed within 3 hours", {"the Test"}),
    ("account", 'contacts.email_status = "ok"', {"ACMÉ Corp", "the Test"}),
    ("account", 'any contacts (title = "COO" and email_status = "ok")', {"ACMÉ Corp"}),
    ("account", 'contacts.title != "COO"', {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'all contacts (title = "COO")', {"Łódź Tools", "Empty"}),
    ("account", 'no contacts (title = "CFO")', {"Łódź Tools", "the Test", "Empty"}),
    ("account", "count(contacts) = 2", {"ACMÉ Corp"}),
    ("account", 'count(contacts where title = "COO") < 1', {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'any contacts (plan_roles has any ("Champion"))', {"ACMÉ Corp"}),
    ("account", "role csm held", {"ACMÉ Corp"}),
    ("account", "role csm not held", {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'role csm held by "MEMBER"', {"ACMÉ Corp"}),
    ("account", 'in segment "SEGMENT"', {"ACMÉ Corp"}),
    ("account", 'not in segment "SEGMENT"', {"Łódź Tools", "the Test", "Empty"}),
    ("account", 'count(events "login" within 30 days) >= 2', {"ACMÉ Corp"}),
    ("account", 'count(events "login" within 1 day) = 0', {"Łódź Tools", "the Test", "Empty"}),
    (
        "account",
        'status = "subscribed" and (arr > 9950 or country = "FR")',
        {"ACMÉ Corp", "the Test"},
    ),
    ("account", 'not (country = "DE" or country = "FR")', {"Łódź Tools", "Empty"}),
    ("account", "any of ()", set()),
    ("opportunity", "expiration = 2026-03-02", {"today"}),
    ("opportunity", "expiration on 2026-03-02", {"today"}),
    ("opportunity", "expiration before 2026-03-02", {"last month", "yesterday"}),
    ("opportunity", "expiration after today + 60 days", {"may", "next year"}),
    (
        "opportunity",
        "expiration between 2026-03-01 and 2026-03-03",
        {"yesterday", "today", "holiday"},
    ),
    ("opportunity", "expiration is past", {"last month", "yesterday"}),
    ("opportunity", "expiration within next 3 days", {"today", "holiday", "thursday"}),
    ("opportunity", "expiration within last 1 week", {"last month", "yesterday", "today"}),
    ("opportunity", "expiration within next 2 business days", {"today", "holiday", "thursday"}),
    ("opportunity", "expiration within next 1 business day", {"today", "holiday"}),
    ("opportunity", "contract_start anniversary within 0 days", {"today"}),
    ("opportunity", "contract_start anniversary within 2 weeks", {"today", "thursday"}),
    ("opportunity", "expiration in last week", {"last month", "yesterday"}),
    ("opportunity", "expiration in last month", {"last month"}),
    (
        "opportunity",
        "expiration in this fiscal quarter",
        {"last month", "yesterday", "today", "holiday", "thursday", "april"},
    ),
    ("opportunity", "expiration in next fiscal quarter", {"may"}),
    ("opportunity", "expiration in next fiscal year", {"next year"}),
    ("opportunity", "expiration is empty", {"none"}),
    ("opportunity", 'account.name contains "acme" and expiration is future', {"may"}),
]


@pytest.fixture(scope="module")
async def furnished(tenure: Tenure) -> Workspace:
    ws = await tenure.workspace(frozen_at=datetime(2026, 1, 31, 9, 0, tzinfo=UTC))
    settings = {"fiscal_year_start_month": 2}
    assert (await ws.admin.patch("/v1/workspace", {"settings": settings})).status_code == 200
    closed = {"closed_days": [{"date": "2026-03-03", "title": "Closed"}]}
    assert (await ws.admin.patch("/v1/calendars/default", closed)).status_code == 200
    types = {"seats": "number", "vip": "boolean", "last_call": "datetime", "tier": "select"}
    for key, type_ in {**types, "products": "multi_select"}.items():
        options = [{"value": value} for value in ("gold", "crm", "ats")]
        body: dict[str, Any] = {"record_type": "account", "key": key, "title": key, "type": type_}
        body |= {"options": options} if "select" in type_ else {}
        await made(ws, "/v1/traits", body)
    ids = {}
    for name, values in ACCOUNTS.items():
        ids[name] = await made(ws, "/v1/accounts", {"name": name, "external_id": name, **values})
    acme, test = ids["ACMÉ Corp"], ids["the Test"]
    for title, account, roles in (
        ("COO", acme, ["Champion"]),
        ("CFO", acme, []),
        ("Head", test, []),
    ):
        links = [{"account_id": account, "plan_roles": roles}]
        await made(ws, "/v1/contacts", {"name": title, "title": title, "accounts": links})
    for name, day in DEALS.items():
        body = {"name": name, "type": "renewal", "contract_expiration": day}
        body["contract_start"] = STARTS.get(name)
        await made(ws, "/v1/opportunities", body | ({"account_id": acme} if name == "may" else {}))
    await tenure.set_clock(ws, NOW)
    traits: dict[str, Any] = {"vip": True, "tier": "gold", "products": ["crm", "ats"]}
    call = {"last_call": "2026-03-02T07:30:00Z"}
    held = {"csm": [ws.details["admin_id"]]}
    await changed(ws, acme, {"traits": traits | call, "key_roles": held})
    traits = {"seats": 2.5, "products": ["crm"], "last_call": "2026-03-02T23:00:00Z"}
    await changed(ws, test, {"arr": 101})
    await changed(ws, test, {"arr": 100, "traits": traits})
    for message in ("m1", "m2"):
        body = {"event": "login", "groupId": "ACMÉ Corp", "messageId": message}
        assert (await ws.admin.post("/v1/track", body)).status_code == 200
    body = {"title": "DE", "record_type": "account", "rule": 'country = "DE"'}
    ws.details["segment_id"] = await made(ws, "/v1/segments", body)
    await tenure.settle()
    return ws


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> str:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def changed(ws: Workspace, account_id: str, body: dict[str, Any]) -> None:
    answer = await ws.admin.patch(f"/v1/accounts/{account_id}", body)
    assert answer.status_code == 200, answer.text


def operators(rule: object) -> set[str]:
    match rule:
        case dict():
            inner = set[str]().union(*map(operators, rule.values()))
            return inner | ({rule["op"]} if "field" in rule else set())
        case list():
            return set[str]().union(*map(operators, rule))
        case _:
            return set()


async def test_every_operator_finds_what_it_says_in_either_form(furnished: Workspace) -> None:
    ws, tried = furnished, set[str]()
    paths = {"account": "/v1/accounts", "opportunity": "/v1/opportunities"}
    for record_type, written, expected in FOUND:
        rule = written.replace("MEMBER", ws.details["admin_id"])
        rule = rule.replace("SEGMENT", ws.details["segment_id"])
        checked = await ws.observer.post(
            "/v1/rules/validate", {"record_type": record_type, "rule": rule}
        )
        assert checked.json()["faults"] == [], rule
        tried |= operators(checked.json()["rule"])
        for form in (rule, json.dumps(checked.json()["rule"])):
            answer = await ws.observer.get(paths[record_type], params={"filter": form})
            assert answer.status_code == 200, (form, answer.text)
            assert {row["name"] for row in answer.json()["data"]} == expected, form
    assert tried == set(Op)


@pytest.mark.parametrize(
    ("rule", "code", "column", "suggestion"),
    [
        ("arrr > 5", "unknown_field", 1, "arr"),
        ("contcts.title = 5", "unknown_relation", 1, "contacts"),
        ('traits.vip contains "x"', "wrong_operator", 12, None),
        ("contract_expiration is past", "unknown_field", 1, None),
        ("created_at within next 5 fortnights", "syntax", 26, None),
        ('status = "subscribd"', "bad_value", 10, "subscribed"),
        ("arr > 5 and", "syntax", 12, None),
        ("role csn held", "unknown_key_role", 1, "csm"),
        ('in segment "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01"', "unknown_segment", 1, None),
        ('count(events "login" within 30 hours) > 1', "syntax", 32, None),
    ],
)
async def test_a_fault_has_its_column_and_what_was_meant(
    furnished: Workspace, rule: str, code: str, column: int, suggestion: str | None
) -> None:
    answer = await furnished.observer.get("/v1/accounts", params={"filter": rule})
    assert answer.status_code == 422, answer.text
    fault = answer.json()["errors"][0]
    assert fault["pointer"] == "/query/filter"
    assert (fault["code"], fault["column"]) == (code, column)
    assert suggestion is None or fault["suggestion"] == suggestion


async def test_a_rule_that_takes_too_long_is_refused_as_such(
    tenure: Tenure, furnished: Workspace
) -> None:
    """The database gives up a statement that waits for another's lock just as one that works."""
    ws, accounts = furnished, tenure.workers["accounts"]
    schema, cursors = RECORD_SCHEMAS["account"], accounts.cursors

    async def in_a_hurry() -> None:
        async with accounts.units.begin(ws.id, ()) as uow:
            for limit in ("lock_timeout = 0", "statement_timeout = 50"):
                await uow.connection.execute(text(f"set local {limit}"))
            await list_records(uow, schema, ListRequest(filter="arr > 5"), cursors)

    async with accounts.units.begin(ws.id, ()) as holder:
        await holder.connection.execute(text("lock table accounts in access exclusive mode"))
        with pytest.raises(RuleTooExpensive) as refused:
            await in_a_hurry()
    assert [fault.pointer for fault in refused.value.faults] == ["/query/filter"]
