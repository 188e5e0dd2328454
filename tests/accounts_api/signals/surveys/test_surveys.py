"""Surveys: what they ask, their faults, who uses what, and the switch of the workspace."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.surveys.rules import (
    SCALES,
    SurveyKind,
    question_faults,
    read_questions,
    usual_questions,
)
from tests.accounts_api.records.making import make_trait
from tests.accounts_api.signals.surveys.making import SURVEYS, closed, contact, survey
from tests.harness import Tenure, Workspace


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Asking") as made:
        yield made


@given(st.sampled_from(sorted(SCALES)))
def test_what_a_kind_usually_asks_is_fit_to_be_asked(kind: SurveyKind) -> None:
    assert question_faults(kind, read_questions(usual_questions(kind))) == []


async def test_a_survey_asks_the_usual_unless_it_says_what(ws: Workspace) -> None:
    made = await survey(ws, "nps")
    assert [(one["key"], one["type"], one["maximum"]) for one in made["questions"]] == [
        ("score", "scale", 10),
        ("comment", "text", None),
    ]
    assert made["fatigue"] == {
        "same_survey_days": 90,
        "any_survey_days": 30,
        "per_account": None,
    }
    assert (made["include_churned"], made["audience"], made["question_version"]) == (False, None, 1)
    read = await ws.observer.get(f"{SURVEYS}/{made['key']}")
    assert read.json() == made
    refused = await ws.team_member.post(SURVEYS, {"title": "X", "kind": "nps"})
    assert refused.status_code == 403
    assert (await ws.leader.post(SURVEYS, {"title": "By a leader", "kind": "nps"})).is_success


async def test_all_faults_of_a_survey_come_at_once(ws: Workspace) -> None:
    questions = [
        {"key": "a", "text": "A", "type": "choice"},
        {"key": "a", "text": "B", "type": "scale", "minimum": 1, "maximum": 5},
        {"key": "c", "text": "C", "type": "text", "maximum": 5, "low_label": "x"},
        {"key": "d", "text": "D", "type": "number", "minimum": 5, "maximum": 5},
        {"key": "e", "text": "E", "type": "scale", "minimum": 0, "maximum": 100, "required": True},
        {"key": "f", "text": "F", "type": "multi", "options": [
            {"key": "x", "label": "X"}, {"key": "x", "label": "Y"}]},
    ]  # fmt: skip
    body = {"title": "X", "kind": "nps", "questions": questions, "audience": "traits.no = 1"}
    answer = await ws.admin.post(SURVEYS, body)
    assert answer.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/audience", "unknown_field"),
        ("/questions/0/options", "required"),
        ("/questions/1", "wrong_scale"),
        ("/questions/1/key", "duplicate_key"),
        ("/questions/2/maximum", "contradiction"),
        ("/questions/2/low_label", "contradiction"),
        ("/questions/3/maximum", "out_of_order"),
        ("/questions/4/maximum", "too_many"),
        ("/questions/5/options/1/key", "duplicate_key"),
    }
    empty = await ws.admin.post(SURVEYS, {"title": "X", "kind": "custom"})
    assert [fault["code"] for fault in empty.json()["errors"]] == ["required"]


async def test_other_questions_are_another_version_and_nothing_else_is(ws: Workspace) -> None:
    made = await survey(ws, "csat")
    path = f"{SURVEYS}/{made['id']}"
    fatigue = {"same_survey_days": None, "per_account": {"days": 7, "count": 2}}
    changed = await ws.admin.patch(path, {"fatigue": fatigue, "link_days": 5})
    assert changed.json()["fatigue"] == {**fatigue, "any_survey_days": 30}
    assert (changed.json()["question_version"], changed.json()["version"]) == (1, 2)
    asked = [made["questions"][0]]
    changed = await ws.admin.patch(path, {"questions": asked}, if_match='"v2"')
    assert (changed.json()["question_version"], changed.json()["version"]) == (2, 3)
    again = await ws.admin.patch(path, {"questions": asked})
    assert again.json() == changed.json()
    stale = await ws.admin.patch(path, {"title": "Late"}, if_match='"v2"')
    assert stale.status_code == 412
    assert (await ws.admin.patch(path, {"questions": []})).status_code == 422


async def test_what_an_audience_reads_is_used_by_its_survey(ws: Workspace) -> None:
    await make_trait(ws, "contact", "champion", "boolean")
    listed = (await ws.observer.get("/v1/traits?record_type=contact")).json()["data"]
    trait = next(one for one in listed if one["key"] == "champion")
    draft = {"title": "Champions", "record_type": "contact", "rule": "traits.champion = true"}
    segment = (await ws.admin.post("/v1/segments", draft)).json()
    made = await survey(ws, audience=f'in segment "{segment["key"]}" and traits.champion = true')
    assert made["audience_text"].startswith(f'in segment "{segment["key"]}"')
    for path in (f"/v1/segments/{segment['id']}", f"/v1/traits/{trait['id']}"):
        used = (await ws.observer.get(f"{path}/usages")).json()["usages"]
        assert ("survey", made["id"]) in {(one["type"], one["id"]) for one in used}
        assert (await ws.admin.delete(path)).json()["code"] == "in_use"
    grace = await contact(ws, traits={"champion": True})
    assert "audience" in await closed(ws, made["id"], grace)
    assert (await ws.admin.delete(f"/v1/traits/{trait['id']}?force=true")).status_code == 204
    broken = (await ws.observer.get(f"{SURVEYS}/{made['id']}")).json()
    assert [fault["code"] for fault in broken["faults"]] == ["unknown_field"]
    assert "can no longer be used" in (await closed(ws, made["id"], grace))["audience"]
    assert (await ws.observer.get(f"{SURVEYS}/{made['id']}/usages")).json()["usages"] == []


async def test_an_archived_survey_asks_nobody(ws: Workspace) -> None:
    made = await survey(ws)
    path = f"{SURVEYS}/{made['id']}"
    assert (await ws.admin.post(f"{path}/rename", {"key": "older"})).json()["key"] == "older"
    assert (await ws.admin.delete(path)).status_code == 204
    assert (await ws.admin.patch(path, {"title": "X"})).json()["code"] == "survey_archived"
    body = {"contacts": [{"contact_id": await contact(ws)}]}
    assert (await ws.admin.post(f"{path}/invitations", body)).json()["code"] == "survey_archived"
    listed = (await ws.observer.get(SURVEYS, params={"archived": True})).json()["data"]
    assert made["id"] in {one["id"] for one in listed}
    actions = await ws.audited()
    assert actions[:3] == ["survey.archived", "survey.renamed", "survey.created"]


async def test_surveys_are_off_until_somebody_switches_them_on(ws: Workspace) -> None:
    async def switch(*, on: bool) -> None:
        settings = {"settings": {"features": {"surveys": on}}}
        assert (await ws.admin.patch("/v1/workspace", settings)).status_code == 200

    made = await survey(ws)
    await switch(on=False)
    try:
        refused = await ws.admin.get(SURVEYS)
        assert (refused.status_code, refused.json()["code"]) == (403, "feature_disabled")
        assert refused.json()["feature"] == "surveys"
        for method, path in (
            ("POST", SURVEYS),
            ("DELETE", f"{SURVEYS}/{made['id']}"),
            ("GET", f"{SURVEYS}/{made['id']}/results"),
            ("GET", "/v1/survey-responses"),
            ("GET", "/v1/survey-invitations"),
        ):
            headers = {"if-match": "*"}
            body = {"title": "X", "kind": "nps"} if method == "POST" else None
            answer = await ws.admin.request(method, path, json=body, headers=headers)
            assert answer.json()["code"] == "feature_disabled", path
    finally:
        await switch(on=True)
    assert (await ws.admin.get(f"{SURVEYS}/{made['id']}")).json() == made
