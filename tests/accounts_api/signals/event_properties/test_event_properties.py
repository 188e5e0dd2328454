"""Rules count product events by declared properties, those that came before, too."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from accounts_api.signals.event_counts.rules import Declared, declared_properties
from accounts_api.signals.event_properties.rules import key_of
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PATH = "/v1/product-event-properties"
PRO = 'count(events "login" where properties.plan = "pro" within 30 days) >= 2'


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def account(ws: Workspace, key: str) -> str:
    return str((await made(ws, "/v1/accounts", {"name": key, "external_id": key}))["id"])


async def declare(ws: Workspace, name: str, type_: str, *events: str) -> dict[str, Any]:
    return await made(ws, PATH, {"name": name, "type": type_, "events": list(events) or ["login"]})


async def track(ws: Workspace, group: str, **properties: Any) -> None:
    body = {"event": "login", "groupId": group, "properties": properties}
    answer = await ws.admin.post("/v1/track", body)
    assert answer.status_code == 200, answer.text


async def segment(ws: Workspace, rule: Any, record_type: str = "account") -> dict[str, Any]:
    body = {"title": str(rule)[:190], "record_type": record_type, "rule": rule}
    return await made(ws, "/v1/segments", body)


async def members(ws: Workspace, segment: dict[str, Any]) -> set[str]:
    rows = (await ws.observer.get(f"/v1/segments/{segment['id']}/members")).json()["data"]
    return {row["record_id"] for row in rows}


async def matching(ws: Workspace, rule: str, path: str = "accounts") -> set[str]:
    answer = await ws.observer.get(f"/v1/{path}", params={"filter": rule})
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["data"]}


async def counted(tenure: Tenure, ws: Workspace) -> dict[str, int]:
    """How many events of the roll-ups by their properties, without those that moved away."""
    statement = text(
        "select properties::text, sum(count)::int from product_event_values"
        " where workspace_id = :id group by 1 having sum(count) <> 0"
    )
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        rows = await uow.connection.execute(statement, {"id": ws.id})
        return {str(row[0]): int(row[1]) for row in rows}


@given(st.dictionaries(st.sampled_from(["n", "s", "b", "d", "t", "other"]), st.from_type(object)))
def test_only_values_of_the_declared_type_count(given: dict[str, Any]) -> None:
    types = {"n": "number", "s": "string", "b": "boolean", "d": "date", "t": "datetime"}
    declared = [Declared(f"{name}_key", name, type_) for name, type_ in types.items()]  # type: ignore[arg-type]
    kinds = {"n_key": int | float, "s_key": str, "b_key": bool, "d_key": str, "t_key": str}
    found = declared_properties(declared, given)
    assert found.keys() <= kinds.keys()
    assert all(isinstance(value, kinds[key]) for key, value in found.items())
    assert not isinstance(found.get("n_key"), bool)


@pytest.mark.parametrize(
    ("name", "key"),
    [("planName", "plan_name"), ("Plan name", "plan_name"), ("2fa", "p_2fa"), ("Größe", "gr_e")],
)
def test_rules_call_a_property_by_a_word(name: str, key: str) -> None:
    assert key_of(name) == key


async def test_a_segment_follows_events_of_a_kind(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme, other = await account(ws, "acme"), await account(ws, "other")
    await declare(ws, "plan", "string")
    await declare(ws, "seats", "number")
    await declare(ws, "at", "datetime")
    pro = await segment(ws, PRO)
    large = await segment(ws, 'count(events "login" where properties.seats > 9 within 7 days) = 0')
    for plan in ("pro", "free", "pro"):
        await track(ws, "acme", plan=plan, seats=10, at="2026-03-01T10:00:00+02:00", more=1)
    await track(ws, "other", plan="pro", seats="10")
    await tenure.settle()
    assert await members(ws, pro) == {acme}
    assert await members(ws, large) == {other}
    both = 'count(events "login" where properties.plan = "free" and not properties.seats < 10'
    assert await matching(ws, f"{both} within 1 day) = 1") == {acme}
    missing = 'count(events "login" where properties.seats is empty within 1 day) > 0'
    assert await matching(ws, missing) == {other}
    at = 'count(events "login" where properties.at < 2026-03-02 within 1 day) = 3'
    assert await matching(ws, at) == {acme}
    explained = await ws.observer.get(
        f"/v1/segments/{pro['id']}/explain", params={"record_id": acme}
    )
    item = explained.json()["explanation"]["items"][0]
    assert item["actual"]["count"] == 2
    assert 'where properties.plan = "pro"' in item["text"]
    assert explained.json()["next_check_at"] == "2026-04-02T00:00:00Z"
    await tenure.set_clock(ws, datetime(2026, 4, 2, tzinfo=UTC))
    assert await members(ws, pro) == set()


async def test_what_came_before_is_counted_once_and_says_from_when(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    acme = await account(ws, "acme")
    for n in range(3):
        at = f"2026-02-2{n}T12:00:00Z"
        body = {"event": "login", "groupId": "acme", "timestamp": at, "properties": {"plan": "pro"}}
        assert (await ws.admin.post("/v1/track", body)).status_code == 200
    declared = await declare(ws, "plan", "string")
    assert (declared["filled_at"], declared["reliable_from"]) == (None, None)
    pro = await segment(ws, PRO)
    # One that comes while the others are still to be counted.
    await track(ws, "acme", plan="pro")
    await tenure.settle()
    shown = (await ws.observer.get(f"{PATH}/{declared['id']}")).json()
    assert shown["filled_at"] is not None
    assert shown["reliable_from"] == "2026-02-20"
    assert await members(ws, pro) == {acme}
    assert await counted(tenure, ws) == {'{"plan": "pro"}': 4}
    # A second one, of the same events and of others.
    other = await declare(ws, "seats", "number", "login", "logout")
    await track(ws, "acme", plan="pro", seats=5)
    await tenure.settle()
    assert await counted(tenure, ws) == {'{"plan": "pro"}': 4, '{"plan": "pro", "seats": 5}': 1}
    changed = await ws.admin.patch(f"{PATH}/{other['id']}", {"events": ["logout", "signup"]})
    assert changed.json()["filled_at"] is None
    await tenure.settle()
    assert (await ws.observer.get(f"{PATH}/{other['id']}")).json()["reliable_from"] == "2026-03-02"
    assert sum((await counted(tenure, ws)).values()) == 5


async def test_counts_by_property_move_with_people_and_merges(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await declare(ws, "plan", "string")
    for user in ("u1", "u1", "u2"):
        body = {"event": "login", "userId": user, "properties": {"plan": "pro"}}
        assert (await ws.admin.post("/v1/track", body)).json()["unmatched"] == 1
    acme, twin = await account(ws, "acme"), await account(ws, "twin")
    links = {"accounts": [{"account_external_id": "acme"}]}
    grace = await made(ws, "/v1/contacts", {"name": "Grace", "external_id": "u1", **links})
    links = {"accounts": [{"account_external_id": "twin"}]}
    await made(ws, "/v1/contacts", {"name": "Ann", "external_id": "u2", **links})
    assert await matching(ws, PRO) == {acme}
    assert await matching(ws, PRO, "contacts") == {grace["id"]}
    merged = await ws.admin.post(f"/v1/accounts/{twin}/merge", {"loser_id": acme})
    assert merged.status_code == 200, merged.text
    three = PRO.replace(">= 2", "= 3")
    assert await matching(ws, three) == {twin}
    # Counted anew by another property, they still are the winner's.
    await declare(ws, "seats", "number")
    await tenure.settle()
    assert await matching(ws, three) == {twin}


async def test_events_that_come_while_a_property_is_declared_are_all_counted(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await account(ws, "acme")
    sent = [track(ws, "acme", plan="pro") for _ in range(12)]
    await asyncio.gather(*sent[:6], declare(ws, "plan", "string"), *sent[6:])
    await tenure.settle()
    assert await counted(tenure, ws) == {'{"plan": "pro"}': 12}


async def test_an_event_that_comes_while_its_rule_does_reaches_it(tenure: Tenure) -> None:
    """Rules that nobody has yet are not told of events; none is missed in between."""
    ws = await tenure.workspace(frozen_at=START)
    acme = await account(ws, "acme")
    rule = 'count(events "login" within 7 days) >= 6'
    sent = [track(ws, "acme") for _ in range(6)]
    making = asyncio.ensure_future(segment(ws, rule))
    await asyncio.gather(*sent, making)
    await tenure.settle()
    assert await members(ws, making.result()) == {acme}


@pytest.mark.parametrize(
    ("where", "code", "suggestion"),
    [
        ('properties.pla = "pro"', "unknown_field", "properties.plan"),
        ("properties.plan > 5", "wrong_operator", None),
        ("properties.day within next 3 days", "moving_condition", None),
        ("properties.day changed within 3 days", "changes_not_kept", None),
        ('name = "x"', "unknown_field", None),
        ("any contacts", "unknown_relation", None),
    ],
)
async def test_a_rule_counts_by_what_is_declared(
    tenure: Tenure, where: str, code: str, suggestion: str | None
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await declare(ws, "plan", "string")
    await declare(ws, "day", "date")
    rule = f'count(events "login" where {where} within 1 day) > 0'
    body = {"record_type": "account", "rule": rule}
    answer = (await ws.admin.post("/v1/rules/validate", body)).json()
    assert answer["valid"] is False
    assert [fault["code"] for fault in answer["faults"]] == [code], answer
    assert answer["faults"][0].get("suggestion") == suggestion


async def test_what_a_rule_reads_stays_declared(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    declared = await declare(ws, "plan", "string", "login", "logout")
    pro = await segment(ws, PRO)
    path = f"{PATH}/{declared['id']}"
    for refused in (
        await ws.admin.delete(path),
        await ws.admin.patch(path, {"events": ["logout"]}),
    ):
        assert refused.status_code == 409, refused.text
        assert [one["id"] for one in refused.json()["usages"]] == [pro["id"]]
    assert (await ws.admin.patch(path, {"description": "The plan"})).json()["version"] == 2
    assert (await ws.admin.delete(f"/v1/segments/{pro['id']}")).status_code == 204
    assert (await ws.admin.delete(path)).status_code == 204
    assert (await ws.observer.get(PATH)).json() == {"data": []}
    taken = await declare(ws, "plan", "string")
    again = await ws.admin.post(PATH, {"name": "Plan", "type": "number", "events": ["x"]})
    assert (again.status_code, taken["key"]) == (409, "plan")
    for n in range(9):
        await declare(ws, f"p{n}", "number")
    crowded = await ws.admin.post(PATH, {"name": "q", "type": "number", "events": ["x", "login"]})
    assert [fault["pointer"] for fault in crowded.json()["errors"]] == ["/events/1"]
