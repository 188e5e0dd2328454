"""Lists leave out what segments leave out: the SQL of both forms says what the rule says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from accounts_api.customers.accounts.service import StatusChange, set_lifecycle_status
from accounts_api.customers.ignored.conditions import unless_ignored
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.syntax import nodes as n
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from tests.accounts_api.records.making import bulk, make
from tests.harness import Tenure

CONTEXT = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
LEFT = {
    "account": {"seen"},
    "contact": {"of nobody", "of seen", "of both"},
    "opportunity": {"of nobody", "of seen"},
}


@pytest.mark.parametrize("record_type", LEFT)
async def test_a_list_leaves_out_what_the_rule_leaves_out(tenure: Tenure, record_type: str) -> None:
    ws = await tenure.workspace()
    ids = {name: (await make(ws, "accounts", {"name": name}))["id"] for name in NAMES}
    links = {**{f"of {name}": [name] for name in NAMES}, "of nobody": [], "of both": NAMES[:2]}
    contacts = [
        {
            "external_id": name,
            "name": name,
            "accounts": [{"account_id": ids[one], "plan_roles": []} for one in linked],
        }
        for name, linked in links.items()
    ]
    deals = [
        {"external_id": name, "name": name, "type": "renewal"}
        | ({"account_id": ids[linked[0]]} if linked else {})
        for name, linked in links.items()
        if name != "of both"
    ]
    written = [*await bulk(ws, "contacts", contacts), *await bulk(ws, "opportunities", deals)]
    assert {row["status"] for row in written} == {"created"}
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        changes = [StatusChange(ids[name], "ignored", await uow.now()) for name in NAMES[1:]]
        await set_lifecycle_status(uow, changes)
    assert (await ws.admin.delete(f"/v1/accounts/{ids['gone']}")).status_code == 204
    rule = check(beyond_ignored(record_type, n.AllOf(())), STANDARD, record_type)
    row = record_table(STANDARD.types[record_type])
    forms = {
        "rule": verdict(rule, row, CONTEXT),
        "beside a row": unless_ignored(RECORD_SCHEMAS[record_type], row, in_bulk=False),
        "in bulk": unless_ignored(RECORD_SCHEMAS[record_type], row, in_bulk=True),
    }
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        for form, condition in forms.items():
            assert condition is not None
            living = (row.c.workspace_id == ws.id, row.c.deleted_at.is_(None))
            found = await uow.values(str, select(row.c.name).where(*living, condition))
            assert {*found} == LEFT[record_type], form


async def test_an_instance_stays_with_any_of_those_it_belongs_to(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = {name: (await make(ws, "accounts", {"name": name}))["id"] for name in NAMES[:2]}
    shape = {"key": "visit", "plural_key": "visits", "title": "Visit", "plural_title": "Visits"}
    links = [{"to": to} for to in ("organization", "account", "contact", "opportunity")]
    await make(ws, "object-types", {**shape, "links": links})
    group = (await make(ws, "organizations", {"name": "Group"}))["id"]
    people, deals = {}, {}
    for name, account_id in ids.items():
        linked = {"name": name, "accounts": [{"account_id": account_id}]}
        people[name] = (await make(ws, "contacts", linked))["id"]
        deal = {"name": name, "type": "renewal", "account_id": account_id}
        deals[name] = (await make(ws, "opportunities", deal))["id"]
    owners: dict[str, dict[str, str]] = {
        "at seen": {"account_id": ids["seen"]},
        "at hidden": {"account_id": ids["hidden"]},
        "with its contact": {"contact_id": people["hidden"]},
        "with its deal": {"opportunity_id": deals["hidden"], "account_id": ids["hidden"]},
        "with the other deal": {"opportunity_id": deals["seen"], "account_id": ids["hidden"]},
        "at the group": {"organization_id": group, "account_id": ids["hidden"]},
        "of nobody": {},
    }
    for name, named in owners.items():
        await make(ws, "objects/visit", {"name": name, **named})
    rule = {"title": "Hidden", "status": "ignored", "rule": 'name = "hidden"'}
    await make(ws, "lifecycle-rules", rule)
    await tenure.settle()
    stays = {*owners} - {"at hidden", "with its contact", "with its deal"}
    for params in ({}, {"as_of": datetime(2026, 3, 2, 9, tzinfo=UTC).isoformat()}):
        answer = await ws.admin.get("/v1/objects/visit", params={"count": "exact", **params})
        assert answer.status_code == 200, answer.text
        assert {row["name"] for row in answer.json()["data"]} == stays
        assert answer.json()["count"]["value"] == len(stays)
    every = await ws.admin.get("/v1/objects/visit", params={"include_ignored": "true"})
    assert {row["name"] for row in every.json()["data"]} == {*owners}


NAMES = ["seen", "hidden", "gone"]
