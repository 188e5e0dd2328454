"""Health scores as they are configured."""

from tests.accounts_api.signals.health_scores.making import PATH, score
from tests.harness import Tenure


async def test_a_health_score_is_made_changed_and_archived(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    first = await score(ws)
    assert (first["key"], first["publish_delta"], first["stop_at_churn"]) == ("overall", 5, True)
    assert (first["definitions_version"], first["progress"], first["faults"]) == (1, None, [])
    by_key = f"{PATH}/overall"
    assert (await ws.observer.get(by_key)).json() == first
    other = await score(ws, "adoption", record_type="contact")
    listed = (await ws.observer.get(PATH)).json()["data"]
    assert listed == [other, first], "by title"
    assert (await ws.observer.patch(by_key, {"title": "Health"})).status_code == 403
    old = await ws.leader.patch(by_key, {"title": "Health"}, if_match='"v9"')
    assert (old.status_code, old.json()["code"]) == (412, "version_mismatch")
    changed = await ws.leader.patch(by_key, {"title": "Health", "publish_delta": 10})
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    same = await ws.leader.patch(by_key, {"publish_delta": 10})
    assert same.json()["version"] == 2, "nothing changed"
    usages = (await ws.observer.get(f"{by_key}/usages")).json()
    assert (usages["usages"], usages["not_asked"]) == ([], [])
    assert (await ws.admin.delete(by_key)).status_code == 204
    assert (await ws.observer.get(by_key)).status_code == 404, "the key is free"
    archived = (await ws.observer.get(f"{PATH}?archived=true")).json()["data"]
    assert [each["id"] for each in archived] == [first["id"]]
    again = await ws.admin.patch(f"{PATH}/{first['id']}", {"title": "More"})
    assert (again.status_code, again.json()["code"]) == (409, "health_score_archived")
    assert (await score(ws))["id"] != first["id"]


async def test_keys_and_titles_are_unique_and_scores_are_few(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await score(ws)
    body = {"title": "More", "record_type": "account"}
    taken = await ws.admin.post(PATH, body | {"key": "overall"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    titled = await ws.admin.post(PATH, body | {"title": "Overall", "key": "more"})
    assert (titled.status_code, titled.json()["code"]) == (409, "health_score_title_taken")
    wrong = await ws.admin.post(PATH, body | {"record_type": "opportunity", "publish_delta": 0})
    pointers = {fault["pointer"] for fault in wrong.json()["errors"]}
    assert (wrong.status_code, pointers) == (422, {"/record_type", "/publish_delta"})
    for number in range(9):
        await score(ws, f"score_{number}")
    many = await ws.admin.post(PATH, body)
    assert (many.status_code, many.json()["code"]) == (409, "too_many_health_scores")
