"""What a draft would do, before it is stored."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.signals.health_scores.making import (
    PATH,
    define,
    definition,
    linear,
    made,
    measure,
    score,
)
from tests.harness import Tenure, Workspace

PAYS = definition(measure("pays", "traits.seats", linear(0, 100)))


async def account(ws: Workspace, name: str, seats: int | None, **fields: Any) -> str:
    body = {"name": name, "traits": {"seats": seats}, **fields}
    return str((await made(ws, "/v1/accounts", body))["id"])


async def previewed(ws: Workspace, *definitions: dict[str, Any]) -> dict[str, Any]:
    body = {"definitions": list(definitions)}
    answer = await ws.observer.post(f"{PATH}/overall/preview", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_preview_says_what_the_list_then_does(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    await score(ws)
    trait = {"record_type": "account", "key": "seats", "title": "Seats", "type": "number"}
    await made(ws, "/v1/traits", trait)
    one = await account(ws, "One", 30, arr=100, currency="USD")
    await account(ws, "Two", 80, arr=1_000, currency="USD")
    await account(ws, "Three", 50)
    await account(ws, "Four", None, arr=5, currency="EUR")
    await tenure.settle()
    first = await previewed(ws, PAYS)
    assert (first["records"], first["stopped"], first["sampled"]) == (4, 0, False)
    assert (first["before"]["scored"], first["before"]["median"]) == (0, None)
    assert (first["after"]["scored"], first["after"]["median"]) == (3, "50")
    assert first["after"]["histogram"] == [0, 0, 0, 1, 0, 1, 0, 0, 1, 0]
    assert first["unscored"] == [{"reason": "not_enough_data", "records": 1}]
    assert {(each["after"], each["records"]) for each in first["moves"]} == {
        (None, 1),
        ("poor", 1),
        ("fair", 1),
        ("good", 1),
    }
    assert [each["name"] for each in first["movers"]] == ["Two", "One", "Three"], "by ARR"
    await define(ws, PAYS)
    await tenure.settle()
    same = await previewed(ws, PAYS)
    assert same["movers"] == []
    assert same["before"] == same["after"] == first["after"]
    assert all(each["before"] == each["after"] for each in same["moves"])
    segment = {"title": "Bad", "record_type": "account", "rule": 'health.label = "poor"'}
    await made(ws, "/v1/segments", segment)
    lower = {**PAYS, "caps": [{"title": "Ones", "when": 'name = "One"', "at_most": 10}]}
    lower["groups"] = definition(measure("pays", "traits.seats", linear(0, 200)))["groups"]
    draft = await previewed(ws, lower)
    assert {(each["before"], each["after"]): each["arr"] for each in draft["moves"]} == {
        (None, None): {"EUR": 5},
        ("poor", "poor"): {"USD": 100},
        ("fair", "poor"): {},
        ("good", "fair"): {"USD": 1_000},
    }
    [_, mover, _] = draft["movers"]
    assert (mover["id"], mover["before_score"], mover["after_score"]) == (one, 30, 10)
    assert [each["title"] for each in draft["usages"]] == ["Bad"]
    await define(ws, lower)
    await tenure.settle()
    after = await previewed(ws, lower)
    assert after["before"] == draft["after"], "it does what it said"
    distribution = (await ws.observer.get(f"{PATH}/overall/distribution")).json()
    assert distribution["median"] == draft["after"]["median"]


async def test_a_faulty_draft_is_refused_with_every_fault(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws)
    faulty = definition(
        measure("one", "traits.nothing", linear(0, 100)), measure("one", "arr", linear(5, 5))
    )
    answer = await ws.observer.post(f"{PATH}/overall/preview", {"definitions": [faulty]})
    assert answer.status_code == 422
    codes = {fault["code"] for fault in answer.json()["errors"]}
    assert {"unknown_input", "duplicate_key", "bad_bounds"} <= codes
    assert (await ws.observer.get(f"{PATH}/overall/definitions")).json()["definitions"] == []
