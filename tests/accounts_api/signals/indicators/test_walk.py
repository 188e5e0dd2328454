"""Indicators through HTTP: opened by rules and people, addressed, silenced, cleared."""

from datetime import UTC, datetime, timedelta

from tests.accounts_api.customers.key_roles.making import account, member
from tests.accounts_api.signals.indicators.making import (
    AT_RISK,
    acted,
    definition,
    listed,
    move,
    published,
    walk,
)
from tests.harness import Tenure

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = {"title": "Call them", "text": "Ask why.", "due": {"business_days": 2}}


async def test_a_rule_opens_an_indicator_and_clears_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    made = await definition(ws, rule=AT_RISK, owner_key_role="csm", call_to_action=CALL)
    assert (made["key"], made["open"], made["rule_text"]) == ("at_risk", 0, AT_RISK)
    await tenure.settle()
    money = {"arr": 5_000_000, "currency": "USD"}
    acme = await account(ws, "Acme", country="DE", key_roles={"csm": [ada]}, **money)
    await tenure.settle()
    assert await listed(ws) == []
    await move(tenure, ws, acme, "FR")
    (found,) = await listed(ws)
    shown = {name: found[name] for name in ("title", "kind", "severity", "state", "opened_by")}
    assert shown == {
        "title": "At risk",
        "kind": "risk",
        "severity": 3,
        "state": "open",
        "opened_by": "rule",
    }
    assert (found["record_id"], found["account_id"], found["cause"]) == (acme, acme, "at_risk")
    assert (found["owner_id"], found["owner_by_hand"]) == (ada, False)
    assert (await ws.observer.get("/v1/indicator-definitions/at_risk")).json()["open"] == 1
    (event,) = await published(ws)
    said = event["data"]
    assert (said["arr"], said["currency"], said["record_name"]) == (5_000_000, "USD", "Acme")
    assert (said["reason"], said["owner_id"]) == (AT_RISK, ada)
    assert said["call_to_action"] == {**CALL, "assignee_key_role": None}
    assert event["cause"][0]["type"] in {"api_key", "member"}
    assert event["cause"][-1]["type"] == "indicator"
    path = f"/v1/indicators/{found['id']}"
    why = (await ws.observer.get(f"{path}/explain")).json()
    assert (why["verdict"], why["at_opening"]["actual"]["value"]) == (True, "FR")

    await move(tenure, ws, acme, "DE")
    cleared = (await ws.observer.get(path)).json()
    assert (cleared["state"], cleared["cleared_by"]) == ("cleared", "rule")
    why = (await ws.observer.get(f"{path}/explain")).json()
    assert (why["verdict"], why["now"]["actual"]["value"]) == (False, "DE")
    assert await walk(ws, found["id"]) == [("opened", "open"), ("cleared", "cleared")]
    assert [event["type"] for event in await published(ws)] == [
        "indicator.opened",
        "indicator.cleared",
    ]
    # It is another one that opens next: nobody said that it may come back.
    await move(tenure, ws, acme, "FR")
    assert [one["state"] for one in await listed(ws, sort="opened_at,state")] == ["cleared", "open"]


async def test_an_indicator_that_is_addressed_counts_no_more(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await definition(ws, rule=AT_RISK)
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (found,) = await listed(ws, state="open")
    addressed = await acted(ws, found["id"], "address", note="Called them")
    assert (addressed["state"], addressed["note"]) == ("addressed", "Called them")
    assert await listed(ws, state="open") == []
    again = await ws.team_member.post(f"/v1/indicators/{found['id']}/address", {"note": "Again"})
    assert (again.status_code, again.json()["code"]) == (409, "indicator_not_open")
    assert again.json()["state"] == "addressed"
    await tenure.settle()
    assert (await listed(ws))[0]["state"] == "addressed"
    by_rule = await ws.team_member.post(f"/v1/indicators/{found['id']}/clear", {})
    assert (by_rule.status_code, by_rule.json()["code"]) == (409, "indicator_opened_by_rule")
    await move(tenure, ws, acme, "DE")
    assert (await listed(ws))[0]["state"] == "cleared"
    refused = await ws.team_member.post(
        f"/v1/indicators/{found['id']}/reassign", {"owner_id": None}
    )
    assert (refused.status_code, refused.json()["state"]) == (409, "cleared")
    reader = await ws.observer.post(f"/v1/indicators/{found['id']}/address", {"note": "Me"})
    assert reader.status_code == 403


async def test_a_silence_ends_at_its_instant(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    await definition(ws, rule=AT_RISK)
    stays, goes = await account(ws, "Stays", country="FR"), await account(ws, "Goes", country="FR")
    await tenure.settle()
    by_record = {one["record_id"]: one["id"] for one in await listed(ws)}
    until = MONDAY + timedelta(days=7)
    for id_ in by_record.values():
        silenced = await acted(ws, id_, "silence", until=until.isoformat(), note="Closed")
        assert silenced["state"] == "silenced"
    for wrong in (MONDAY, MONDAY + timedelta(days=400)):
        path = f"/v1/indicators/{by_record[stays]}/silence"
        refused = await ws.team_member.post(path, {"until": wrong.isoformat()})
        assert refused.status_code == 422, refused.text
    await tenure.settle()
    await move(tenure, ws, goes, "DE")
    assert await walk(ws, by_record[goes]) == [
        ("opened", "open"),
        ("silenced", "silenced"),
        ("cleared", "cleared"),
    ]
    await tenure.set_clock(ws, until - timedelta(seconds=1))
    assert await listed(ws, state="open") == []
    await tenure.set_clock(ws, until + timedelta(days=3))
    (found,) = await listed(ws, state="open")
    assert found["record_id"] == stays
    assert found["silenced_until"] is None
    (event,) = await published(ws, "reopened")
    assert (event["data"]["before"], event["data"]["effective_at"][:19]) == (
        "silenced",
        until.isoformat()[:19],
    )


async def test_a_rule_must_hold_for_a_while(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    await definition(ws, rule=AT_RISK, hold_minutes=1_440)
    brief, long = await account(ws, "Brief", country="FR"), await account(ws, "Long", country="FR")
    await tenure.settle()
    await tenure.set_clock(ws, MONDAY + timedelta(hours=23))
    await move(tenure, ws, brief, "DE")
    assert await listed(ws) == []
    await tenure.set_clock(ws, MONDAY + timedelta(days=3))
    (found,) = await listed(ws)
    assert (found["record_id"], found["opened_at"]) == (long, "2026-03-03T09:00:00Z")


async def test_what_comes_back_soon_is_the_same_indicator(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    await definition(ws, rule=AT_RISK, reopen_after_days=7)
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (first,) = await listed(ws)
    await move(tenure, ws, acme, "DE")
    await tenure.set_clock(ws, MONDAY + timedelta(days=6))
    await move(tenure, ws, acme, "FR")
    (again,) = await listed(ws)
    assert (again["id"], again["state"]) == (first["id"], "open")
    assert [change for change, _ in await walk(ws, first["id"])] == [
        "opened",
        "cleared",
        "reopened",
    ]
    await move(tenure, ws, acme, "DE")
    await tenure.set_clock(ws, MONDAY + timedelta(days=20))
    await move(tenure, ws, acme, "FR")
    assert len(await listed(ws)) == 2
    assert len(await listed(ws, state="open")) == 1


async def test_people_open_indicators_and_clear_them(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await definition(ws, "Sponsor left", kind="risk", severity=4)
    acme = await account(ws, "Acme", external_id="crm-1")
    path = "/v1/indicators"
    body = {"definition_id": "sponsor_left", "record_external_id": "crm-1", "note": "Gone"}
    made = await ws.team_member.post(path, body)
    assert made.status_code == 201, made.text
    assert (made.json()["record_id"], made.json()["opened_by"]) == (acme, "person")
    same = await ws.team_member.post(path, {"definition_id": "sponsor_left", "record_id": acme})
    assert (same.status_code, same.json()["id"]) == (200, made.json()["id"])
    other = await ws.team_member.post(path, {**body, "cause": "Rival"})
    assert (other.status_code, other.json()["cause"]) == (201, "Rival")
    await tenure.settle()
    assert len(await listed(ws, state="open")) == 2
    cleared = await acted(ws, made.json()["id"], "clear", note="A new one")
    assert (cleared["state"], cleared["cleared_by"]) == ("cleared", "person")
    await tenure.settle()
    assert [one["cause"] for one in await listed(ws, state="open")] == ["Rival"]
    wrong = {"definition_id": "nothing", "owner_id": acme, "note": ""}
    refused = await ws.team_member.post(path, wrong)
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {"/definition_id", "/record_id", "/owner_id", "/note"}


async def test_an_owner_follows_the_key_role_until_a_person_chooses(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    await definition(ws, rule=AT_RISK, owner_key_role="csm")
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (found,) = await listed(ws)
    assert found["owner_id"] is None
    await ws.admin.patch(f"/v1/accounts/{acme}", {"key_roles": {"csm": [ada]}})
    await tenure.settle()
    assert [one["id"] for one in await listed(ws, owner=ada)] == [found["id"]]
    mine = await acted(ws, found["id"], "reassign", owner_id=ws.details["admin_id"])
    assert mine["owner_by_hand"] is True
    await ws.admin.patch(f"/v1/accounts/{acme}", {"key_roles": {"csm": [bea]}})
    await tenure.settle()
    assert (await listed(ws))[0]["owner_id"] == ws.details["admin_id"]
    assert len((await ws.admin.get("/v1/indicators?owner=me")).json()["data"]) == 1
    back = await acted(ws, found["id"], "reassign", owner_id=None)
    assert (back["owner_id"], back["owner_by_hand"]) == (bea, False)
    await tenure.settle()
    told = [event["data"] for event in await published(ws, "reassigned")]
    assert [(one["previous_owner_id"], one["owner_id"], one["by_hand"]) for one in told] == [
        (None, ada, False),
        (ada, ws.details["admin_id"], True),
        (ws.details["admin_id"], bea, False),
    ]


async def test_indicators_go_and_come_with_their_records(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await definition(ws, rule=AT_RISK)
    await definition(ws, "By hand")
    one, two = await account(ws, "One", country="FR"), await account(ws, "Two", country="FR")
    third = await account(ws, "Three", country="DE")
    for account_id in (one, two):
        body = {"definition_id": "by_hand", "record_id": account_id}
        assert (await ws.admin.post("/v1/indicators", body)).status_code == 201
    await tenure.settle()
    assert (await ws.admin.delete(f"/v1/accounts/{one}")).status_code == 204
    await tenure.settle()
    assert {row["cleared_by"] for row in await listed(ws, account_id=one)} == {"deleted"}
    assert (await ws.admin.post(f"/v1/accounts/{one}/undelete")).status_code == 200
    await tenure.settle()
    of_one = await listed(ws, account_id=one)
    assert {(row["title"], row["state"]) for row in of_one} == {
        ("At risk", "open"),
        ("By hand", "cleared"),
    }
    # The winner has one of each cause; what the rule does not find there is cleared.
    assert (await ws.admin.post(f"/v1/accounts/{one}/merge", {"loser_id": two})).status_code == 200
    await tenure.settle()
    live = [row for row in await listed(ws, account_id=one) if row["state"] == "open"]
    assert sorted((row["title"], row["record_id"]) for row in live) == [
        ("At risk", one),
        ("By hand", one),
    ]
    path = f"/v1/accounts/{third}/merge"
    assert (await ws.admin.post(path, {"loser_id": one})).status_code == 200
    await tenure.settle()
    answer = await ws.observer.get(f"/v1/accounts/{third}/indicators?state=open")
    assert [row["title"] for row in answer.json()["data"]] == ["By hand"]


async def test_opportunities_and_contacts_have_indicators_of_their_account(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    await definition(ws, "Stuck", record_type="opportunity", rule='stage = "Stuck"', severity=2)
    contacts = {"record_type": "contact", "kind": "opportunity", "owner_key_role": "csm"}
    await definition(ws, "Champion", rule='title = "CTO"', **contacts)
    acme = await account(ws, "Acme", key_roles={"csm": [ada]}, arr=100, currency="EUR")
    deal = {"name": "Deal", "type": "renewal", "account_id": acme, "stage": "Stuck"}
    money = {"arr": 700, "currency": "EUR"}
    assert (await ws.admin.post("/v1/opportunities", {**deal, **money})).status_code == 201
    person = {"name": "Cy", "title": "CTO", "accounts": [{"account_id": acme}]}
    assert (await ws.admin.post("/v1/contacts", person)).status_code == 201
    await tenure.settle()
    rows = (await ws.observer.get(f"/v1/accounts/{acme}/indicators")).json()["data"]
    assert [(row["title"], row["owner_id"]) for row in rows] == [("Champion", ada), ("Stuck", None)]
    worth = {event["data"]["title"]: event["data"]["arr"] for event in await published(ws)}
    assert worth == {"Stuck": 700, "Champion": 100}
    found = await listed(ws, filter='severity < 3 and record_type = "opportunity"')
    assert [row["title"] for row in found] == ["Stuck"]
    assert [row["title"] for row in await listed(ws, kind="opportunity")] == ["Champion"]
    other = await account(ws, "Other")
    contact_id = next(row["record_id"] for row in rows if row["title"] == "Champion")
    moved = {"accounts": [{"account_id": other}]}
    assert (await ws.admin.patch(f"/v1/contacts/{contact_id}", moved)).status_code == 200
    await tenure.settle()
    (row,) = await listed(ws, kind="opportunity")
    assert (row["account_id"], row["owner_id"]) == (other, None)


async def test_rules_and_lists_read_how_many_are_open(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await definition(ws, rule=AT_RISK)
    calm = {"title": "Calm", "record_type": "account", "rule": "indicators.open_risks = 0"}
    segment = await ws.admin.post("/v1/segments", calm)
    assert segment.status_code == 201, segment.text
    acme, other = await account(ws, "Acme", country="FR"), await account(ws, "Other")
    await tenure.settle()
    path = f"/v1/segments/{segment.json()['id']}/members"

    async def members() -> set[str]:
        rows = (await ws.observer.get(path)).json()["data"]
        return {row["record_id"] for row in rows}

    assert await members() == {other}
    asked = {"filter": "indicators.open_risks > 0", "fields": "name,indicators.open_risks"}
    (row,) = (await ws.observer.get("/v1/accounts", params=asked)).json()["data"]
    assert (row["id"], row["indicators"]) == (acme, {"open_risks": 1})
    (found,) = await listed(ws)
    await acted(ws, found["id"], "address", note="Done")
    await tenure.settle()
    assert await members() == {acme, other}
    self_read = {"rule": "indicators.open_risks > 1"}
    refused = await ws.admin.patch(f"/v1/indicator-definitions/{made['id']}", self_read)
    assert [fault["code"] for fault in refused.json()["errors"]] == ["rule_cycle"]
    through = await definition(ws, "Grow", kind="opportunity", rule="indicators.open_risks = 0")
    cycle = {"rule": "indicators.open_opportunities = 0"}
    refused = await ws.admin.patch(f"/v1/indicator-definitions/{made['id']}", cycle)
    assert [fault["code"] for fault in refused.json()["errors"]] == ["rule_cycle"], refused.text
    assert through["faults"] == []


async def test_a_list_of_the_past_has_what_was_open_then(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    await definition(ws, rule=AT_RISK)
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (found,) = await listed(ws)
    for days, action in ((1, "address"), (2, "silence")):
        await tenure.set_clock(ws, MONDAY + timedelta(days=days))
        body = {"note": "N"} | ({"until": "2026-03-20T09:00:00Z"} if action == "silence" else {})
        await acted(ws, found["id"], action, **body)
    await tenure.set_clock(ws, MONDAY + timedelta(days=3))
    await move(tenure, ws, acme, "DE")
    states = []
    for days in (-1, 0, 1, 2, 3):
        at = (MONDAY + timedelta(days=days, hours=1)).isoformat()
        if days == 3:
            at = (MONDAY + timedelta(days=3)).isoformat()
        rows = await listed(ws, as_of=at, count="exact", filter="severity = 3")
        states.append([row["state"] for row in rows])
    assert states == [[], ["open"], ["addressed"], ["silenced"], ["cleared"]]
    then = (MONDAY + timedelta(hours=2)).isoformat()
    assert len(await listed(ws, as_of=then, state="open", account_id=acme)) == 1
    ahead = await ws.observer.get("/v1/indicators", params={"as_of": "2026-04-01T09:00:00Z"})
    assert ahead.status_code == 422
