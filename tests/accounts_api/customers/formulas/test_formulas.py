"""Formula traits through HTTP: defined, worked out again, refused, set aside."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts_api.evaluation.engine import service as engine
from tests.accounts_api.records.making import bulk, events_of, make, make_trait
from tests.harness import Tenure, Workspace


async def define(
    ws: Workspace, key: str, formula: str, result: str = "number", of: str = "account", **more: Any
) -> dict[str, Any]:
    body = {"record_type": of, "key": key, "title": key, "type": "formula", "formula": formula}
    made = await ws.admin.post("/v1/traits", {**body, "result_type": result, **more})
    assert made.status_code == 201, made.text
    trait: dict[str, Any] = made.json()
    return trait


async def refused(
    ws: Workspace, formula: str, result: str = "number", **more: Any
) -> list[dict[str, Any]]:
    body = {"record_type": "account", "key": "it", "title": "It", "type": "formula"}
    answer = await ws.admin.post(
        "/v1/traits", {**body, "formula": formula, "result_type": result, **more}
    )
    assert answer.status_code == 422, answer.text
    errors: list[dict[str, Any]] = answer.json()["errors"]
    return errors


async def traits_of(ws: Workspace, plural: str, record: dict[str, Any]) -> dict[str, Any]:
    read = (await ws.admin.get(f"/v1/{plural}/{record['id']}")).json()
    traits: dict[str, Any] = read["traits"]
    return traits


async def test_a_records_own_formulas_are_in_the_answer_to_the_write(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    await define(ws, "yearly", "coalesce(traits.seats, 0) * 12")
    await define(ws, "size", 'if(arr > 5000000, "large", "small")', "string")
    await define(ws, "double", "traits.yearly * 2")
    await tenure.settle()
    account = await make(ws, "accounts", {"name": "A", "traits": {"seats": 2.5}, "arr": 6_000_000})
    assert account["traits"] == {"seats": 2.5, "yearly": 30, "size": "large", "double": 60}
    changed = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"traits": {"seats": None}})
    assert (changed.json()["traits"], changed.json()["version"]) == (
        {"yearly": 0, "size": "large", "double": 0},
        2,
    )
    await tenure.settle()
    told = [e["changed"] for e in await events_of(tenure, ws, "accounts.account_changed.v1")]
    assert told[1:] == [["traits.double", "traits.seats", "traits.yearly"]]
    listed = await ws.admin.get("/v1/accounts", params={"filter": 'traits.size = "large"'})
    assert len(listed.json()["data"]) == 1
    changes = (await ws.admin.get(f"/v1/accounts/{account['id']}/history")).json()["data"]
    why = next(one["cause"] for one in changes if one["field"] == "traits.yearly")
    assert [link["type"] for link in why] == ["member", "api_key", "formula"]
    assert why[-1]["label"] == "formula yearly"


async def test_nobody_writes_what_a_formula_works_out(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await define(ws, "it", "arr", "currency", currency="USD")
    body = {"external_id": "a", "name": "A", "traits": {"it": None}}
    answer = await ws.admin.post("/v1/accounts", body)
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/traits/it", "read_only")
    ]
    (row,) = await bulk(ws, "accounts", [{**body, "traits": {"it": 5}}])
    assert row["status"] == "rejected"


async def test_a_roll_up_follows_the_records_it_is_over(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    opened = await define(
        ws, "open_arr", "sum(opportunities.arr where is_closed = false)", "currency", currency="USD"
    )
    await define(ws, "bounced", 'count(contacts where email_status = "bounced")')
    await define(ws, "ends", "max(opportunities.contract_expiration)", "date")
    await define(ws, "stage", "latest(opportunities.stage by close_date)", "string")
    await define(ws, "share", "arr / account.traits.open_arr", of="opportunity")
    one = await make(ws, "accounts", {"name": "One", "currency": "USD"})
    two = await make(ws, "accounts", {"name": "Two", "currency": "USD"})
    await tenure.settle()
    deal = {"name": "D", "type": "renewal", "account_id": one["id"], "currency": "USD"}
    first = await make(
        ws,
        "opportunities",
        {**deal, "arr": 300, "contract_expiration": "2027-03-31", "close_date": "2026-01-01"},
    )
    second = await make(
        ws,
        "opportunities",
        {**deal, "arr": 100, "stage": "Won", "close_date": "2026-02-01"},
    )
    await make(ws, "contacts", {"email": "a@b.example", "accounts": [{"account_id": one["id"]}]})
    await tenure.settle()
    assert await traits_of(ws, "accounts", one) == {
        "open_arr": 400,
        "bounced": 0,
        "ends": "2027-03-31",
        "stage": "Won",
    }
    assert await traits_of(ws, "opportunities", first) == {"share": 0.75}
    await ws.admin.patch(f"/v1/opportunities/{second['id']}", {"account_id": two["id"]})
    await ws.admin.delete(f"/v1/opportunities/{first['id']}")
    await tenure.settle()
    assert await traits_of(ws, "accounts", one) == {"open_arr": 0, "bounced": 0}
    assert await traits_of(ws, "accounts", two) == {"open_arr": 100, "bounced": 0, "stage": "Won"}
    assert await traits_of(ws, "opportunities", second) == {"share": 1}
    history = (await ws.admin.get(f"/v1/accounts/{two['id']}/history")).json()["data"]
    why = next(one["cause"] for one in history if one["field"] == "traits.open_arr")
    assert [link["type"] for link in why] == ["member", "api_key", "formula"]
    assert why[-1]["id"] == opened["id"]


async def test_a_new_formula_is_worked_out_for_records_that_there_are(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BATCH", 5)
    ws = await tenure.workspace()
    await bulk(ws, "accounts", [{"external_id": f"{i}", "name": f"{i}"} for i in range(1, 13)])
    await tenure.settle()
    made = await define(ws, "length", "length(name)")
    assert (made["progress"]["state"], made["progress"]["processed"]) == ("running", 0)
    await tenure.settle()
    path = f"/v1/traits/{made['id']}"
    read = (await ws.admin.get(path)).json()
    fill = {name: read["progress"][name] for name in ("state", "processed", "total", "corrected")}
    assert fill == {"state": "done", "processed": 12, "total": 12, "corrected": 12}
    changed = await ws.admin.patch(path, {"formula": "length(name)+1"})
    assert changed.json()["formula"] == "length(name) + 1"
    await tenure.settle()
    rule = {"filter": "traits.length = 3", "sort": "-traits.length,name"}
    listed = await ws.admin.get("/v1/accounts", params=rule)
    assert [a["name"] for a in listed.json()["data"]] == ["10", "11", "12"]
    events = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert len(events) == 36


async def test_what_reads_today_changes_at_midnight_of_the_workspace(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    await ws.admin.patch("/v1/workspace", {"time_zone": "America/New_York"})
    await define(ws, "days_left", "days_between(today(), contract_expiration)", of="opportunity")
    account = await make(ws, "accounts", {"name": "A"})
    deal = {"name": "D", "type": "renewal", "account_id": account["id"]}
    dated = await make(ws, "opportunities", {**deal, "contract_expiration": "2026-03-12"})
    await make(ws, "opportunities", deal)
    await tenure.settle()
    assert dated["traits"] == {"days_left": 10}
    await tenure.set_clock(ws, datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
    assert await traits_of(ws, "opportunities", dated) == {"days_left": 10}
    await tenure.set_clock(ws, datetime(2026, 3, 5, 5, tzinfo=UTC))
    assert await traits_of(ws, "opportunities", dated) == {"days_left": 7}


async def test_a_formula_is_checked_when_it_is_saved(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    for formula, result, code, column, suggestion in (
        ("1 + traits.seat", "number", "unknown_field", 5, "traits.seats"),
        ("rund(1)", "number", "unknown_function", 1, "round"),
        ("1 +", "number", "syntax", 4, None),
        ('concat(name, "a', "string", "unfinished_text", 14, None),
        ("name * 2", "number", "wrong_type", 1, None),
        ("contacts.email", "string", "needs_roll_up", 1, "latest(contacts.email)"),
        ("sum(opportunities.ar)", "number", "unknown_field", 5, "arr"),
        ("count(contacts where email = 1)", "number", "bad_value", 30, None),
        ("count(contacts.accounts.contacts.accounts)", "number", "too_deep", 7, None),
        ("updated_at", "datetime", "not_an_input", 1, None),
        ("length(name)", "string", "result_type", None, "number"),
        ("length(traits.it)", "number", "wrong_type", 8, None),
        ("arr + 1 EUR", "currency", "different_currencies", None, "EUR"),
    ):
        money = {"currency": "USD"} if result == "currency" else {}
        (error,) = await refused(ws, formula, result, **money)
        assert (error["code"], error.get("column"), error.get("suggestion")) == (
            code,
            column,
            suggestion,
        )
        about = {"result_type": "/result_type", "different_currencies": "/currency"}
        assert error["pointer"] == about.get(code, "/formula")


async def test_a_formula_has_what_it_needs_and_nothing_else(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    errors = await refused(ws, "1 + ", "currency", options=[{"value": "a"}], minimum=1)
    assert sorted(e["pointer"] for e in errors) == ["/currency", "/formula", "/minimum", "/options"]
    body = {"record_type": "account", "key": "it", "title": "It"}
    answer = await ws.admin.post("/v1/traits", {**body, "type": "formula"})
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/formula", "/result_type"]
    answer = await ws.admin.post("/v1/traits", {**body, "type": "number", "formula": "1"})
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/formula"]


async def test_a_formula_may_not_depend_on_itself(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    (error,) = await refused(ws, "traits.it + 1")
    assert (error["code"], error["path"]) == (
        "formula_cycle",
        ["account traits.it", "account traits.it"],
    )
    await define(ws, "share", "arr * 2", "currency", of="opportunity", currency="USD")
    await define(ws, "all", "sum(opportunities.traits.share)", "currency", currency="USD")
    listed = (await ws.admin.get("/v1/traits?record_type=opportunity")).json()["data"]
    path = f"/v1/traits/{listed[0]['id']}"
    formula = "account.traits.all / 2"
    answer = await ws.admin.patch(path, {"formula": formula})
    cycle = ["opportunity traits.share", "account traits.all", "opportunity traits.share"]
    assert answer.json()["errors"][0]["path"] == cycle
    draft = {"record_type": "opportunity", "formula": formula, "trait_id": listed[0]["id"]}
    preview = (await ws.admin.post("/v1/traits/formula-preview", draft)).json()
    assert (preview["valid"], preview["faults"][0]["code"]) == (False, "formula_cycle")
    assert (await ws.admin.get(path)).json()["formula"] == "arr * 2"


async def test_a_roll_up_counts_the_members_of_a_segment(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    big = {"title": "Big", "record_type": "opportunity", "rule": "arr > 5"}
    segment = (await ws.admin.post("/v1/segments", big)).json()
    await define(ws, "big", f'count(opportunities where in segment "{segment["id"]}")')
    account = await make(ws, "accounts", {"name": "A"})
    deal = {"name": "D", "type": "renewal", "account_id": account["id"], "arr": 6}
    made = await make(ws, "opportunities", deal)
    await tenure.settle()
    assert await traits_of(ws, "accounts", account) == {"big": 1}
    await ws.admin.patch(f"/v1/opportunities/{made['id']}", {"arr": 5})
    await tenure.settle()
    assert await traits_of(ws, "accounts", account) == {"big": 0}
    history = (await ws.admin.get(f"/v1/accounts/{account['id']}/history")).json()["data"]
    why = [link["type"] for link in history[0]["cause"]]
    assert why == ["member", "api_key", "segment", "formula"]


async def test_options_that_a_formula_names_stay(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    options = [{"value": "gold"}, {"value": "tin"}]
    await make_trait(ws, "account", "tier", "select", options=options)
    tier = (await ws.admin.get("/v1/traits")).json()["data"][0]
    await define(ws, "top", 'traits.tier = "gold"', "boolean")
    path = f"/v1/traits/{tier['id']}"
    refused = await ws.admin.patch(path, {"options": [{"value": "tin"}]})
    assert [user["title"] for user in refused.json()["usages"]] == ["top"]
    assert (await ws.admin.patch(path, {"options": options[::-1]})).status_code == 200


async def test_a_rule_may_not_lead_a_formula_back_to_itself(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    opps = {"title": "Big", "record_type": "opportunity", "rule": "arr > 5"}
    segment = (await ws.admin.post("/v1/segments", opps)).json()
    await define(ws, "big", f'count(opportunities where in segment "{segment["id"]}")')
    answer = await ws.admin.patch(
        f"/v1/segments/{segment['id']}", {"rule": "account.traits.big > 0"}
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == [
        "segment Big",
        "account traits.big",
        "segment Big",
    ]
    rule = {"title": "Trial", "status": "trial", "rule": "traits.big > 0"}
    closed = await ws.admin.post("/v1/lifecycle-rules", rule)
    assert closed.json()["errors"][0]["pointer"] == "/rule"


async def test_a_trait_that_a_formula_reads_goes_only_by_force(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    yearly = await define(ws, "yearly", "traits.seats * 12")
    account = await make(ws, "accounts", {"name": "A", "traits": {"seats": 2}})
    listed = (await ws.admin.get("/v1/traits")).json()["data"]
    seats = f"/v1/traits/{next(t['id'] for t in listed if t['key'] == 'seats')}"
    used = await ws.admin.delete(seats)
    assert used.json()["usages"] == [{"type": "formula", "id": yearly["id"], "title": "yearly"}]
    retyped = await ws.admin.patch(seats, {"type": "string"})
    assert (retyped.status_code, retyped.json()["code"]) == (409, "in_use")
    assert (await ws.admin.delete(f"{seats}?force=true")).status_code == 204
    path = f"/v1/traits/{yearly['id']}"
    faults = (await ws.admin.get(path)).json()["faults"]
    assert [(f["code"], f["column"]) for f in faults] == [("unknown_field", 1)]
    assert (await ws.admin.patch(path, {"title": "A year"})).json()["faults"] == faults
    await tenure.settle()
    renamed = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"name": "B"})
    assert renamed.json()["traits"] == {"yearly": 24}
    await make_trait(ws, "account", "seats", "number")
    await tenure.settle()
    assert (await ws.admin.get(path)).json()["faults"] == []
    assert await traits_of(ws, "accounts", account) == {}


async def test_a_trait_becomes_a_formula_and_a_formula_a_trait(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "it", "string", maximum=5)
    account = await make(ws, "accounts", {"name": "Acme", "traits": {"it": "old"}})
    listed = (await ws.admin.get("/v1/traits")).json()["data"]
    path = f"/v1/traits/{listed[0]['id']}"
    change = {"type": "formula", "formula": "length(name)", "result_type": "number"}
    kept = await ws.admin.patch(path, change)
    assert (kept.status_code, kept.json()["code"]) == (409, "values_would_be_lost")
    forced = await ws.admin.patch(f"{path}?force=true", change)
    assert (forced.status_code, forced.json()["maximum"]) == (200, None)
    await tenure.settle()
    assert await traits_of(ws, "accounts", account) == {"it": 4}
    frozen = await ws.admin.patch(path, {"type": "number"})
    assert (frozen.json()["type"], frozen.json()["formula"], frozen.json()["progress"]) == (
        "number",
        None,
        None,
    )
    renamed = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"name": "Acme Ltd"})
    assert renamed.json()["traits"] == {"it": 4}


async def test_a_draft_is_tried_on_records(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    accounts = [await make(ws, "accounts", {"name": n, "arr": 5, "currency": "EUR"}) for n in "ab"]
    draft = {"record_type": "account", "formula": "arr*2", "record_ids": [accounts[0]["id"]]}
    preview = (await ws.observer.post("/v1/traits/formula-preview", draft)).json()
    assert preview == {
        "valid": True,
        "formula": "arr * 2",
        "result_type": "currency",
        "dependencies": ["account arr", "account currency"],
        "faults": [],
        "samples": [
            {"record_id": accounts[0]["id"], "name": "a", "value": 10, "null_reason": None}
        ],
    }
    await make_trait(ws, "account", "x", "number")
    known = (await ws.admin.get("/v1/traits")).json()["data"][0]
    for formula, codes in (("length(name)", []), ("traits.x + 1", ["formula_cycle"])):
        changed = {**draft, "formula": formula, "trait_id": known["id"]}
        told = (await ws.admin.post("/v1/traits/formula-preview", changed)).json()
        assert [fault["code"] for fault in told["faults"]] == codes
    assert (await ws.admin.get(f"/v1/traits/{known['id']}")).json() == known
    faulty = {**draft, "formula": "rund(arr) + traits.y", "result_type": "currency"}
    told = (await ws.admin.post("/v1/traits/formula-preview", faulty)).json()
    assert [(f["code"], f["pointer"], f["column"]) for f in told["faults"]] == [
        ("unknown_function", "/formula", 1),
        ("unknown_field", "/formula", 13),
        ("required", "/currency", None),
    ]


async def test_instances_of_object_types_have_formulas_too(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post(
        "/v1/object-types",
        {
            "key": "project",
            "plural_key": "projects",
            "title": "Project",
            "plural_title": "Projects",
            "links": [{"to": "account", "reverse": "projects"}],
        },
    )
    assert made.status_code == 201, made.text
    await make_trait(ws, "project", "hours", "number")
    account = await make(ws, "accounts", {"name": "Acme"})
    body = {"name": "P", "account_id": account["id"], "traits": {"hours": 3}}
    project = await make(ws, "objects/project", body)
    await define(ws, "days", "traits.hours / 8", of="project")
    await define(ws, "of", "concat(account.name, name)", "string", of="project")
    await define(ws, "effort", "sum(projects.traits.hours)")
    await tenure.settle()
    assert await traits_of(ws, "accounts", account) == {"effort": 3}
    read = await traits_of(ws, "objects/project", project)
    assert read == {"hours": 3, "days": 0.375, "of": "AcmeP"}
    changed = await ws.admin.patch(f"/v1/objects/project/{project['id']}", {"traits": {"hours": 4}})
    assert changed.json()["traits"]["days"] == 0.5
    await tenure.settle()
    assert await traits_of(ws, "accounts", account) == {"effort": 4}


async def test_a_value_that_is_missing_says_why(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    of_money = {"result": "currency", "currency": "EUR"}
    await define(ws, "open", "sum(opportunities.arr)", **of_money)
    await define(ws, "biggest", "max(opportunities.arr where is_closed = true)", **of_money)
    await define(ws, "each", "traits.seats / 0")
    await define(ws, "double", "traits.seats * 2")
    await define(ws, "named", "upper(name)", "string")
    one = await make(ws, "accounts", {"name": "One", "traits": {"seats": 5}})
    two = await make(ws, "accounts", {"name": "Two"})
    for currency in ("EUR", "USD"):
        deal = {"name": currency, "type": "expansion", "account_id": one["id"]}
        await make(ws, "opportunities", {**deal, "arr": 100, "currency": currency})
    await tenure.settle()
    read = (await ws.observer.get(f"/v1/accounts/{one['id']}?include=nulls")).json()
    assert read["nulls"] == {
        "open": {
            "code": "mixed_currencies",
            "message": "The amounts are in EUR and USD, which never mix.",
            "currencies": ["EUR", "USD"],
        },
        "biggest": {
            "code": "no_records",
            "message": "There is nothing in opportunities.",
            "relation": "opportunities",
        },
        "each": {"code": "division_by_zero", "message": "It would be divided by zero."},
    }
    listed = (await ws.observer.get('/v1/accounts?include=nulls&filter=name = "Two"')).json()
    (row,) = listed["data"]
    assert row["id"] == two["id"]
    codes = {key: why["code"] for key, why in row["nulls"].items()}
    assert codes == {"biggest": "no_records", "each": "no_value", "double": "no_value"}
