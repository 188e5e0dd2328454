"""What people answered: by programs, once for an invitation, changed, merged and forgotten."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.survey_responses.rules import answer_faults, said, without_text
from accounts_api.signals.surveys.rules import Question
from tests.accounts_api.signals.surveys.making import (
    account,
    contact,
    invite,
    published,
    respond,
    survey,
)
from tests.harness import Tenure, Workspace

RESPONSES = "/v1/survey-responses"
QUESTIONS = [
    Question("score", "?", "scale", required=True, minimum=0, maximum=10),
    Question("which", "?", "choice", options=(("a", "A"), ("b", "B"))),
    Question("all", "?", "multi", options=(("a", "A"), ("b", "B"))),
    Question("why", "?", "text"),
    Question("many", "?", "number", minimum=0),
    Question("day", "?", "date"),
]
_ANSWER = {
    "score": st.integers(0, 10),
    "which": st.sampled_from(["a", "b"]),
    "all": st.lists(st.sampled_from(["a", "b"]), unique=True),
    "why": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    "many": st.integers(0, 10**9) | st.floats(0, 1e9),
    "day": st.dates().map(str),
}


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Answering") as made:
        yield made


@given(st.fixed_dictionaries({}, optional=_ANSWER))
def test_answers_that_fit_have_no_fault_but_what_is_missing(answers: dict[str, Any]) -> None:
    wanted = [] if "score" in answers else ["/answers/score"]
    assert [fault.pointer for fault in answer_faults(QUESTIONS, answers)] == wanted
    spoken = said("nps", QUESTIONS, answers)
    assert spoken.score == answers.get("score")
    assert spoken.comment == (answers.get("why") or None)
    kept = without_text(QUESTIONS, spoken.answers)
    assert "why" not in kept
    assert kept.get("score") == spoken.score


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*_ANSWER, "no", "a/b~"]), _JSON))
def test_whatever_is_said_is_stored_as_its_type_or_refused(answers: dict[str, Any]) -> None:
    if answer_faults(QUESTIONS, answers):
        return
    types = {"score": int, "which": str, "all": list, "why": str, "many": int | float, "day": str}
    for key, value in said("nps", QUESTIONS, answers).answers.items():
        assert isinstance(value, types[key])
        assert not isinstance(value, bool)


async def test_a_response_is_stored_once_and_told_once(tenure: Tenure, ws: Workspace) -> None:
    made, acme = await survey(ws), await account(ws)
    grace = await contact(ws, acme)
    body = {"survey_id": made["key"], "contact_id": grace, "account_id": acme,
            "answers": {"score": 9, "comment": "Quick"}, "source": "delighted"}  # fmt: skip
    first = await ws.admin.post(RESPONSES, body, headers={"idempotency-key": "r-1"})
    again = await ws.admin.post(RESPONSES, body, headers={"idempotency-key": "r-1"})
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    stored = first.json()
    assert (stored["score"], stored["comment"], stored["question_version"]) == (9, "Quick", 1)
    listed = await ws.observer.get(f"/v1/accounts/{acme}/survey-responses")
    assert [one["id"] for one in listed.json()["data"]] == [stored["id"]]
    await tenure.settle()
    told = [one["data"] for one in await published(ws, "survey.answered")]
    assert [one["score"] for one in told if one["response_id"] == stored["id"]] == [9]


async def test_all_faults_of_a_response_come_at_once(ws: Workspace) -> None:
    made = await survey(ws)
    body = {"survey_id": made["id"], "contact_external_id": "no", "account_external_id": "no",
            "answers": {"score": 11, "no": 1, "comment": 5}, "responded_at": "2030-01-01T00:00:00Z",
            "question_version": 1}  # fmt: skip
    answer = await ws.admin.post(RESPONSES, body)
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/answers/score", "out_of_range"),
        ("/answers/no", "unknown_question"),
        ("/answers/comment", "wrong_type"),
        ("/contact_external_id", "unknown_contact"),
        ("/account_external_id", "unknown_account"),
        ("/responded_at", "in_the_future"),
    }
    answer = await ws.admin.post(RESPONSES, {**body, "question_version": 7, "answers": {}})
    assert "/question_version" in {fault["pointer"] for fault in answer.json()["errors"]}


async def test_an_invitation_is_answered_once_by_a_program(ws: Workspace) -> None:
    made, acme = await survey(ws), await account(ws)
    grace = await contact(ws, acme)
    (verdict,) = await invite(ws, made["id"], grace)
    body = {"survey_id": made["id"], "invitation_id": verdict["invitation_id"],
            "answers": {"score": 3}}  # fmt: skip
    wrong = await ws.admin.post(RESPONSES, {**body, "contact_id": await contact(ws)})
    assert wrong.json()["errors"][0]["pointer"] == "/contact_id"
    both = await asyncio.gather(*(ws.admin.post(RESPONSES, body) for _ in range(3)))
    assert sorted(one.status_code for one in both) == [201, 409, 409]
    stored = next(one.json() for one in both if one.status_code == 201)
    assert (stored["contact_id"], stored["account_id"]) == (grace, acme)
    assert {one.json().get("code") for one in both} == {None, "already_answered"}
    listed = await ws.observer.get("/v1/survey-invitations", params={"contact_id": grace})
    assert listed.json()["data"][0]["state"] == "answered"
    path = f"/v1/survey-invitations/{verdict['invitation_id']}/withdraw"
    assert (await ws.admin.post(path)).json()["code"] == "survey_invitation_answered"


async def test_a_response_is_put_by_its_own_id_and_keeps_what_was_said(
    tenure: Tenure, ws: Workspace
) -> None:
    made, grace = await survey(ws), await contact(ws)
    path = f"{RESPONSES}/by-external-id/their%2F1"
    body = {"survey_id": made["id"], "contact_id": grace, "answers": {"score": 4},
            "responded_at": "2026-02-01T09:00:00Z"}  # fmt: skip
    first = await asyncio.gather(*(ws.admin.put(path, body) for _ in range(3)))
    assert sorted(one.status_code for one in first) == [200, 200, 201]
    assert {one.json()["version"] for one in first} == {1}
    changed = await ws.admin.put(path, {**body, "answers": {"score": 8}})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    detail = (await ws.observer.get(f"{RESPONSES}/{changed.json()['id']}")).json()
    assert [one["score"] for one in detail["history"]] == [4, 8]
    other = {"survey_id": (await survey(ws))["id"], "responded_at": "2026-02-02T09:00:00Z"}
    refused = await ws.admin.put(path, {**body, **other})
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {"/survey_id", "/responded_at"}
    stale = await ws.admin.put(path, body, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    taken = await ws.admin.post(RESPONSES, {**body, "external_id": "their/1"})
    assert taken.json()["code"] == "external_id_taken"
    await tenure.settle()
    told = [
        (one["type"], one["data"]["score"], one["data"].get("previous_score"))
        for one in await published(ws, "survey.answered", "survey.answer_changed")
        if one["data"]["response_id"] == changed.json()["id"]
    ]
    assert sorted(told) == [("survey.answer_changed", 8, 4), ("survey.answered", 4, None)]


async def test_answers_keep_the_questions_they_were_given_to(ws: Workspace) -> None:
    made = await survey(ws)
    old = await respond(ws, made["id"], {"score": 9, "comment": "Good"})
    asked = [made["questions"][0]]
    path = f"/v1/surveys/{made['id']}"
    assert (await ws.admin.patch(path, {"questions": asked})).status_code == 200
    refused = await ws.admin.post(
        RESPONSES, {"survey_id": made["id"], "answers": {"score": 9, "comment": "Good"}}
    )
    assert refused.json()["errors"][0]["code"] == "unknown_question"
    late = await respond(ws, made["id"], {"score": 9, "comment": "Good"}, question_version=1)
    new = await respond(ws, made["id"], {"score": 9})
    assert [one["question_version"] for one in (old, late, new)] == [1, 1, 2]


async def test_who_was_merged_answered_as_the_one_who_stays(ws: Workspace) -> None:
    made, winner, loser = await survey(ws), await contact(ws), await contact(ws)
    stored = await respond(ws, made["id"], {"score": 9}, contact_id=loser)
    merged = await ws.admin.post(f"/v1/contacts/{winner}/merge", {"loser_id": loser})
    assert merged.status_code == 200, merged.text
    detail = (await ws.observer.get(f"{RESPONSES}/{stored['id']}")).json()
    assert detail["contact_id"] == winner


async def test_who_is_forgotten_leaves_a_bare_score(ws: Workspace) -> None:
    made, grace = await survey(ws), await contact(ws)
    (verdict,) = await invite(ws, made["id"], grace)
    said = {"score": 3, "comment": "My name is Grace"}
    stored = await respond(ws, made["id"], said, invitation_id=verdict["invitation_id"])
    kept = await respond(ws, made["id"], said, contact_id=await contact(ws))
    assert (await ws.admin.delete(f"/v1/contacts/{grace}")).status_code == 204
    for erased in (1, 0):
        answer = await ws.admin.post(f"{RESPONSES}/erase", {"contact_id": grace})
        assert answer.json() == {"erased": erased}
    detail = (await ws.observer.get(f"{RESPONSES}/{stored['id']}")).json()
    assert (detail["score"], detail["answers"], detail["comment"]) == (3, {"score": 3}, None)
    assert (detail["contact_id"], detail["invitation_id"]) == (None, None)
    assert detail["history"][0]["answers"] == {"score": 3}
    assert (await ws.observer.get(f"{RESPONSES}/{kept['id']}")).json()["answers"] == said
