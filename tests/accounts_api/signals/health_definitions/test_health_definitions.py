"""The ordered definitions of a health score, as they are written, kept and shown."""

from sqlalchemy import text

from tests.accounts_api.signals.health_scores.making import (
    PATH,
    define,
    definition,
    linear,
    made,
    measure,
    replaced,
    score,
)
from tests.harness import Tenure

LIST = f"{PATH}/overall/definitions"


async def test_a_list_has_one_version_and_names_segments_by_their_keys(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    segment = {"title": "VIP", "key": "vip", "record_type": "account", "rule": "arr > 5 USD"}
    vip = await made(ws, "/v1/segments", segment)
    await score(ws)
    inside = measure("inside", 'rule(in segment "vip" and arr > 7 USD)', linear(0, 100))
    caps = [{"title": "Gone", "when": 'not in segment "vip"', "at_most": 9}]
    first = await define(
        ws,
        definition(inside, title="VIP", segment_id=vip["id"], caps=caps),
        definition(inside, title="The others"),
    )
    assert (first["version"], first["definitions"][0]["segment_id"]) == (2, "vip")
    keys = [each["key"] for each in first["definitions"]]
    assert keys == ["vip", "the_others"]
    shown = first["definitions"][0]["groups"][0]["measures"][0]["input"]
    assert shown == inside["input"]
    again = await define(ws, *first["definitions"])
    assert again == first, "what was shown is what is stored"
    assert (await ws.admin.post("/v1/segments/vip/rename", {"key": "best"})).status_code == 200
    renamed = (await ws.observer.get(LIST)).json()
    assert renamed["definitions"][0]["segment_id"] == "best"
    assert '"best"' in renamed["definitions"][1]["groups"][0]["measures"][0]["input"]
    assert renamed["definitions"][0]["caps"][0]["when"]["segment"] == "best"
    usages = (await ws.observer.get("/v1/segments/best/usages")).json()["usages"]
    assert [(one["type"], one["title"]) for one in usages] == [("health_score", "Overall")]
    refused = await ws.admin.delete("/v1/segments/best")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    stale = await ws.admin.put(LIST, {"definitions": []}, headers={"if-match": '"v1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await ws.observer.put(LIST, {"definitions": []})).status_code == 403


async def test_who_reads_a_score_is_its_user_and_a_way_back_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws)
    await define(ws, definition(measure("pays", "rule(arr > 0 USD)", linear(0, 100))))
    rule = {"title": "Poor", "record_type": "account", "rule": 'health.label = "poor"'}
    await made(ws, "/v1/segments", rule)
    used = (await ws.observer.get(f"{PATH}/overall/usages")).json()["usages"]
    assert [one["title"] for one in used] == ["Poor"]
    refused = await ws.admin.delete(f"{PATH}/overall")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    poor = measure("poor", 'rule(in segment "poor")', linear(0, 100))
    cycle = await replaced(ws, definition(poor))
    [fault] = cycle.json()["errors"]
    assert (cycle.status_code, fault["code"], fault["pointer"]) == (
        422, "rule_cycle", "/definitions",
    )  # fmt: skip
    assert fault["path"] == ["health score Overall", "segment Poor", "health score Overall"]
    assert (await ws.admin.delete(f"{PATH}/overall?force=true")).status_code == 204


async def test_a_list_that_cannot_be_read_says_so(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws)
    await made(ws, "/v1/accounts", {"name": "A"})
    await define(ws, definition(measure("pays", "rule(arr > 0 USD)", linear(0, 100))))
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update health_definitions set document = '[{\"nonsense\": true}]'"
                " where workspace_id = :workspace_id"
            ),
            {"workspace_id": ws.id},
        )
    shown = (await ws.observer.get(LIST)).json()
    assert (shown["definitions"], shown["version"]) == ([], 2)
    assert "definitions" in shown["unreadable"]
    await tenure.settle()
    assert (await ws.observer.get(f"{PATH}/overall")).json()["faults"] != []
    await define(ws, definition(measure("pays", "rule(arr > 0 USD)", linear(0, 100))))
    await tenure.settle()
    assert (await ws.observer.get(f"{PATH}/overall")).json()["faults"] == []


async def test_a_measure_whose_field_is_gone_is_left_out(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    trait = {"record_type": "account", "key": "seats", "title": "Seats", "type": "number"}
    seats = await made(ws, "/v1/traits", trait)
    account = await made(ws, "/v1/accounts", {"name": "A", "traits": {"seats": 10}})
    await score(ws)
    measures = (
        measure("seats", "traits.seats", linear(0, 100), when_null=0),
        measure("named", 'rule(name = "A")', linear(0, 100)),
    )
    await define(ws, definition(*measures))
    await tenure.settle()
    path = f"/v1/accounts/{account['id']}?fields=health.score"
    assert (await ws.observer.get(path)).json()["health"]["score"] == 55
    assert (await ws.admin.delete(f"/v1/traits/{seats['id']}?force=true")).status_code == 204
    await tenure.settle()
    [fault] = (await ws.observer.get(f"{PATH}/overall")).json()["faults"]
    assert (fault["code"], fault["pointer"]) == (
        "unknown_input", "/definitions/0/groups/0/measures/0/input",
    )  # fmt: skip
    await ws.admin.patch(f"/v1/accounts/{account['id']}", {"domain": "a.example"})
    await ws.admin.patch(f"{PATH}/overall", {"stop_at_churn": False})
    await tenure.settle()
    assert (await ws.observer.get(path)).json()["health"]["score"] == 100
