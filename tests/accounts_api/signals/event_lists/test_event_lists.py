"""Product events are found by the rule language."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts_api.signals.event_lists.rules import PRODUCT_EVENT, with_properties
from accounts_api.signals.event_lists.schemas import ProductEventOut
from shared.rules.types.catalog import FieldType, event_property
from shared.rules.types.context import EvaluationContext
from tests.harness import Tenure, Workspace
from tests.shared.lists.making import (
    assert_orders_hold,
    assert_page_of_rules_names_every_field,
    assert_rules_find_what_they_say,
    faults,
    rows_of,
)
from tests.shared.rules.dice import TEXTS, zulu

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PATH = "/v1/product-events"
PROPERTIES = {"motto": "string", "seats": "number", "paid": "boolean", "ends_on": "date"}
DECLARED = with_properties(
    event_property(name, FieldType("text" if type_ == "string" else type_))
    for name, type_ in PROPERTIES.items()
)
WORDS = [word for word in TEXTS if word]


async def made(ws: Workspace, path: str, **body: Any) -> str:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def track(ws: Workspace, *messages: dict[str, Any]) -> None:
    batch = [{"type": "track", "event": "login", **message} for message in messages]
    answer = await ws.admin.post("/v1/batch", {"batch": batch})
    assert answer.json()["accepted"] == len(messages), answer.text


async def found(ws: Workspace, rule: str | None = None, path: str = PATH) -> set[str]:
    rows = await rows_of(ws.observer, path, **({"filter": rule} if rule else {}))
    return {row["message_id"] for row in rows}


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    """Sixty events of random words and days, of somebody who is here or not."""
    async with tenure.passing_workspace("Found") as ws:
        dice = Random(5)
        for name, type_ in PROPERTIES.items():
            declared = {"name": name, "type": type_, "events": ["login"]}
            await made(ws, "/v1/product-event-properties", **declared)
        for key in WORDS[:2]:
            await made(ws, "/v1/accounts", name=key, external_id=f"{key[:100]}!")
            await made(ws, "/v1/contacts", name=key, external_id=f"{key[:100]}!")

        def one(*values: Any) -> Any:
            return dice.choice(values)

        def event(number: int) -> dict[str, Any]:
            properties = {
                "motto": one(*WORDS),
                "seats": one(1, 2.5, 40),
                "paid": one(True, False),
                "ends_on": (NOW + timedelta(days=dice.randint(-9, 9))).date().isoformat(),
            }
            who = {
                "userId": f"{one(*WORDS)[:100]}!",
                "context": {"groupId": f"{one(*WORDS)[:100]}!"},
            }
            told = number % 3 > 0
            return {
                **who,
                "event": "login" if told else one(*WORDS)[:200],
                "messageId": f"m-{number}",
                "timestamp": zulu(NOW - timedelta(minutes=dice.randint(0, 90_000))),
                "properties": dict(dice.sample(sorted(properties.items()), 3)) if told else {},
            }

        await track(ws, *map(event, range(60)))
        yield ws


def test_rules_know_every_field_that_is_shown() -> None:
    assert {field.name for field in PRODUCT_EVENT.fields} == {*ProductEventOut.model_fields} - {
        "properties"
    }
    assert_page_of_rules_names_every_field(PRODUCT_EVENT)


async def test_a_rule_finds_what_it_says_by_properties_too(ws: Workspace) -> None:
    zone = (await ws.admin.get("/v1/workspace")).json()["time_zone"]
    context = EvaluationContext(NOW, ZoneInfo(zone))
    await assert_rules_find_what_they_say(ws.admin, PATH, DECLARED, context, rules=60)


async def test_a_list_comes_in_the_order_asked_for(ws: Workspace) -> None:
    await assert_orders_hold(ws.admin, PATH, PRODUCT_EVENT)


@pytest.mark.parametrize(
    ("asked", "pointer", "code", "suggestion"),
    [
        ({"filter": "hapened_at is past"}, "filter", "unknown_field", "happened_at"),
        ({"filter": "properties.seat > 3"}, "filter", "unknown_field", "properties.seats"),
        ({"filter": 'properties.seats = "many"'}, "filter", "bad_value", None),
        ({"filter": "account.arr > 5"}, "filter", "kept_elsewhere", "account_id"),
        ({"filter": 'count(events "x" within 3 days) > 1'}, "filter", "events_not_available", None),
        ({"sort": "properties.seats"}, "sort", "not_sortable", None),
        ({"sort": "-nam"}, "sort", "unknown_field", "name"),
    ],
)
async def test_what_an_event_does_not_have_is_refused_where_it_stands(
    ws: Workspace, asked: dict[str, str], pointer: str, code: str, suggestion: str | None
) -> None:
    for answer, place in (
        (await ws.admin.get(PATH, params=asked), f"/query/{pointer}"),
        (await ws.admin.post(f"{PATH}/search", asked), f"/{pointer}"),
    ):
        assert faults(answer) == [(place, code, suggestion)]


async def test_a_cursor_is_bound_to_the_rule_and_the_record(ws: Workspace) -> None:
    account = (await ws.admin.get("/v1/accounts?limit=1")).json()["data"][0]["id"]
    first = (await ws.admin.get(PATH, params={"limit": 1})).json()["next_cursor"]
    for path, more in (
        (PATH, {"filter": 'name = "login"'}),
        (f"/v1/accounts/{account}/product-events", {}),
    ):
        refused = await ws.admin.get(path, params={"limit": 1, "cursor": first, **more})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


async def test_what_was_merged_or_deleted_is_found_where_it_belongs(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=NOW)
    other = await tenure.workspace(frozen_at=NOW)
    keys = ("kept", "merged", "gone")
    accounts = {key: await made(ws, "/v1/accounts", name=key, external_id=key) for key in keys}
    gone = await made(ws, "/v1/contacts", name="Alone", external_id="alone")
    await track(ws, *({"groupId": key, "messageId": key} for key in keys))
    await track(ws, {"userId": "alone", "messageId": "alone"})
    await track(ws, {"userId": "alone", "groupId": "kept", "messageId": "both"})
    merge = f"/v1/accounts/{accounts['kept']}/merge"
    assert (await ws.admin.post(merge, {"loser_id": accounts["merged"]})).status_code == 200
    for path in (f"/v1/accounts/{accounts['gone']}", f"/v1/contacts/{gone}"):
        assert (await ws.admin.delete(path)).status_code == 204
    kept = {"kept", "merged", "both"}
    assert await found(ws) == kept
    for key in ("kept", "merged"):
        rule = f'account_id = "{accounts[key]}"'
        assert await found(ws, rule) == kept
        assert await found(ws, f"not ({rule})") == set()
    assert await found(ws, path=f"/v1/accounts/{accounts['kept']}/product-events") == kept
    shown = await rows_of(ws.observer, PATH)
    assert {row["account_id"] for row in shown} == {accounts["kept"]}
    assert await found(other) == set()
