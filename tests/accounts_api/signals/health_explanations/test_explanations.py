"""Why a record has its score, over HTTP."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.accounts_api.signals.health_explanations.making import decide, define, override
from tests.accounts_api.signals.health_scores.making import define as define_list
from tests.accounts_api.signals.health_scores.making import definition, made, measure, score
from tests.accounts_api.signals.scoring.making import MANAGED
from tests.harness import Tenure, Workspace

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
THEN = NOW - timedelta(days=29)


async def explained(ws: Workspace, record_id: str, **params: Any) -> dict[str, Any]:
    path = f"/v1/accounts/{record_id}/health/overall/explain"
    answer = await ws.observer.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def adds_up(found: dict[str, Any]) -> Decimal:
    parts = found["explanation"]
    lines = [measure["contribution"] for measure in parts["measures"]]
    lines += [parts[name] for name in ("rounding", "cap_effect", "override_effect")]
    return sum(map(Decimal, lines), Decimal(0))


async def test_the_example_of_the_design_is_explained(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=THEN - timedelta(days=1))
    of = (await score(ws))["id"]
    trait = {"record_type": "account", "key": "sentiment", "title": "S", "type": "string"}
    await made(ws, "/v1/traits", trait)
    body = {"name": "One", "traits": {"sentiment": "Positive"}}
    one = str((await made(ws, "/v1/accounts", body))["id"])
    other = await made(ws, "/v1/accounts", {"name": "Other"})
    none = await explained(ws, str(other["id"]))
    assert (none["score"], none["null_reason"], none["explanation"]) == (
        None,
        "not_evaluated",
        None,
    )
    [managed] = await define(tenure, ws, of, [MANAGED], version=7, at=THEN)
    inputs: dict[str, Any] = {"wau": 23, "last_login": 9, "sentiment": "Positive", "open_risks": 1}
    await decide(tenure, ws, of, one, managed, inputs, version=7, at=THEN)
    await tenure.set_clock(ws, NOW)
    await ws.admin.patch(f"/v1/accounts/{one}", {"traits": {"sentiment": "Neutral"}})
    inputs |= {"wau": 22.5, "sentiment": "Neutral", "nps": None}
    await decide(tenure, ws, of, one, managed, inputs, version=7, at=NOW)
    found = await explained(ws, one, since=(THEN + timedelta(hours=1)).isoformat())
    assert (found["score"], found["label"], found["null_reason"]) == (37, "poor", None)
    assert found["definition"] == {
        "key": "managed",
        "title": "Managed",
        "version": 7,
        "tried": [{"key": "managed", "segment_id": "managed", "holds": True}],
    }
    parts = found["explanation"]
    assert (parts["present_weight"], parts["unrounded"], parts["rounding"]) == (
        "90.0000",
        "37.4167",
        "-0.4167",
    )
    shown = {measure["key"]: measure for measure in parts["measures"]}
    assert [shown[key]["contribution"] for key in shown] == [
        "11.2500",
        "7.5000",
        "13.3334",
        "0.0000",
        "5.3333",
    ]
    assert (shown["wau"]["value"], shown["wau"]["points"]) == (22.5, 25)
    assert shown["wau"]["scale"] == {"from": 10, "to": 60}
    assert shown["last_login"]["band"] == {"from": 8, "below": 31}
    assert shown["sentiment"]["since"] == "2026-03-02T09:00:00Z"
    assert shown["sentiment"]["change_id"] is not None
    assert (shown["nps"]["handled"], shown["nps"]["points"]) == ("skipped", None)
    assert parts["groups"][1]["effective_weight"] == "0.4000"
    assert adds_up(found) == 37
    assert parts["distance"] == {"down": None, "up": {"to": "concerning", "points": 3}}
    flips = parts["smallest_flip"]
    assert (flips["held_by"], flips["down"]) == (None, None)
    assert (flips["up"]["to"], flips["up"]["exact"]) == ("concerning", True)
    [change] = flips["up"]["changes"]
    assert (change["measure"], change["from"], change["to"]) == ("wau", 22.5, 24.9)
    assert parts["unknown"] == [{"measure": "nps", "best": "concerning", "worst": "poor"}]
    since = found["since"]
    assert (since["score"], since["label"]) == (51, "concerning")
    assert [(line["kind"], line["measure"], line["points"]) for line in since["lines"]] == [
        ("measure", "wau", "-0.4500"),
        ("measure", "sentiment", "-13.3333"),
        ("rounding", None, "-0.2167"),
    ]
    was = await explained(ws, one, as_of=(THEN + timedelta(days=1)).isoformat())
    assert (was["score"], was["next_check_at"]) == (51, None)
    assert adds_up(was) == 51
    before = await explained(ws, one, as_of=(THEN - timedelta(hours=1)).isoformat())
    assert (before["score"], before["null_reason"]) == (None, "not_evaluated")
    await ws.admin.delete(f"/v1/accounts/{one}")
    gone = await ws.observer.get(f"/v1/accounts/{one}/health/overall/explain")
    assert gone.status_code == 404
    assert (await explained(ws, one, as_of=THEN.isoformat()))["score"] == 51


async def test_what_holds_a_score_and_an_edited_list_have_their_lines(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=THEN)
    of = (await score(ws))["id"]
    one = str((await made(ws, "/v1/accounts", {"name": "One"}))["id"])
    inputs: dict[str, Any] = {"wau": 60, "last_login": 1, "sentiment": "Positive", "open_risks": 0}
    [managed] = await define(tenure, ws, of, [MANAGED], version=2, at=THEN)
    await decide(tenure, ws, of, one, managed, inputs, version=2, at=THEN)
    await tenure.set_clock(ws, NOW)
    first = {**MANAGED, "key": "first", "title": "First", "segment_id": "others"}
    edited = copy.deepcopy(MANAGED)
    edited["groups"][0]["weight"] = 10
    _, second = await define(tenure, ws, of, [first, edited], version=3, at=NOW)
    inputs["open_risks"] = 3
    said = {"reason": "A call", "valid_from": NOW, "expires_at": NOW + timedelta(days=9)}
    by_hand = await override(tenure, ws, of, one, score=50, **said)
    shown = {"score": 50, "label": "concerning", "override_id": by_hand}
    await decide(tenure, ws, of, one, second, inputs, version=3, at=NOW, holding=(0,), **shown)
    found = await explained(ws, one, since=THEN.isoformat())
    assert (found["score"], found["computed_score"], found["label"]) == (50, 39, "concerning")
    assert (found["override"]["reason"], found["override"]["score"]) == ("A call", 50)
    assert found["caps"] == [{"title": "Legal escalation", "at_most": 39, "lowers": True}]
    assert [each["holds"] for each in found["definition"]["tried"]] == [False, True]
    assert adds_up(found) == 50
    assert found["explanation"]["override_effect"] == "11.0000"
    assert found["explanation"]["smallest_flip"]["held_by"] == "override"
    lines = found["since"]["lines"]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["definition", "measure", "cap", "override", "rounding"]
    assert lines[0]["points"] == "0.0000", "an edit that changes nothing of this one"
    assert sum(Decimal(line["points"]) for line in lines) == 50 - 100


async def test_a_score_of_other_records_is_absent(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws, "adoption", record_type="contact")
    one = (await made(ws, "/v1/accounts", {"name": "One"}))["id"]
    ann = (await made(ws, "/v1/contacts", {"name": "Ann"}))["id"]
    for path, status in (
        (f"accounts/{one}/health/adoption", 404),
        (f"contacts/{one}/health/adoption", 404),
        (f"contacts/{ann}/health/adoption", 200),
        (f"contacts/{ann}/health/nothing", 404),
    ):
        assert (await ws.observer.get(f"/v1/{path}/explain")).status_code == status, path


async def test_a_value_that_moved_within_its_band_is_shown_as_it_is(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws)
    trait = {"record_type": "account", "key": "seats", "title": "Seats", "type": "number"}
    await made(ws, "/v1/traits", trait)
    bands = {"bands": [{"points": 0}, {"from": 10, "points": 60}, {"from": 20, "points": 100}]}
    whole_list = definition(measure("seats", "traits.seats", bands))
    await define_list(ws, whole_list)
    one = str((await made(ws, "/v1/accounts", {"name": "One", "traits": {"seats": 11}}))["id"])
    await tenure.settle()
    await ws.admin.patch(f"/v1/accounts/{one}", {"traits": {"seats": 12.5}})
    await tenure.settle()
    found = await explained(ws, one)
    assert (found["score"], found["label"]) == (60, "fair")
    [seats] = found["explanation"]["measures"]
    assert (seats["value"], seats["band"]) == (12.5, {"from": 10, "below": 20})
    [change] = found["explanation"]["smallest_flip"]["up"]["changes"]
    assert (change["from"], change["to"], change["points_to"]) == (12.5, 20, 100)
    [change] = found["explanation"]["smallest_flip"]["down"]["changes"]
    assert (change["to"], change["points_to"]) == (9.9, 0)
