"""Who may be asked, why not, and that two requests at once never let two through."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.survey_invitations.links import Link, link_of, token_of
from accounts_api.signals.survey_invitations.rules import (
    Candidate,
    LastAsked,
    gates,
    may_be_asked,
)
from accounts_api.signals.surveys.rules import Fatigue
from tests.accounts_api.signals.surveys.making import (
    SURVEYS,
    account,
    closed,
    contact,
    invite,
    published,
    respond,
    survey,
)
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "a secret of at least thirty-two characters"
_IDS = st.integers(min_value=0, max_value=2**128 - 1).map(lambda number: UUID(int=number))
_SECONDS = st.integers(min_value=0, max_value=4_000_000_000)
_LIMITS = st.none() | st.integers(1, 100)


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Asking") as made:
        yield made


@given(_IDS, _IDS, _SECONDS, st.integers(0, 74), st.sampled_from("ABCabc012-_"))
def test_a_link_is_read_as_it_was_signed_and_no_other_is(
    workspace: UUID, invitation: UUID, seconds: int, at: int, letter: str
) -> None:
    link = Link(workspace, invitation, datetime.fromtimestamp(seconds, UTC))
    token = token_of(SECRET, link)
    assert link_of(SECRET, token) == link
    assert link_of(SECRET + "!", token) is None
    forged = token[:at] + letter + token[at + 1 :]
    # The last letter holds bits of nothing.
    assert forged == token or link_of(SECRET, forged) in {None, link}


@given(
    st.builds(Fatigue, _LIMITS, _LIMITS, st.just(30), st.none() | st.integers(1, 5)),
    st.none() | st.integers(0, 200),
    st.none() | st.integers(0, 200),
    st.integers(0, 6),
    st.booleans(),
    st.booleans(),
)
def test_a_gate_opens_exactly_when_its_days_are_over(
    fatigue: Fatigue,
    same_days: int | None,
    any_days: int | None,
    asked: int,
    churned: bool,  # noqa: FBT001
    included: bool,  # noqa: FBT001
) -> None:
    def last(days: int | None) -> LastAsked | None:
        at = None if days is None else START - timedelta(days=days)
        return None if at is None else LastAsked(at, UUID(int=1), "S")

    candidate = Candidate(
        UUID(int=2), "ok", None, True, UUID(int=3), "Acme", churned, asked, last(same_days),
        last(any_days),
    )  # fmt: skip
    judged = {
        gate.gate: gate for gate in gates(candidate, fatigue, START, include_churned=included)
    }
    for name, days, limit in (
        ("same_survey", same_days, fatigue.same_survey_days),
        ("any_survey", any_days, fatigue.any_survey_days),
    ):
        assert judged[name].passed == (days is None or limit is None or days >= limit)  # type: ignore[index]
        assert (judged[name].until is None) == judged[name].passed  # type: ignore[index]
    assert judged["account_quota"].passed == (
        fatigue.account_count is None or asked < fatigue.account_count
    )
    assert judged["churned"].passed == (included or not churned)
    assert may_be_asked(list(judged.values())) == all(one.passed for one in judged.values())


async def test_every_gate_says_why(tenure: Tenure, ws: Workspace) -> None:
    first, other = await survey(ws, title="First"), await survey(ws, title="Other")
    acme = await account(ws)
    grace = await contact(ws, acme)
    assert await closed(ws, first["id"], grace) == {}
    (verdict,) = await invite(ws, first["id"], grace)
    assert (verdict["invited"], verdict["account_id"], verdict["gates"]) == (True, acme, [])
    assert verdict["url"].startswith("https://tenure.example/s/")
    assert verdict["expires_at"] == "2026-05-01T09:00:00Z"
    why = await closed(ws, first["id"], grace)
    assert why.keys() == {"same_survey", "any_survey"}
    assert "'First' on 02 March 2026, less than 90 days ago" in why["same_survey"]
    assert (await closed(ws, other["id"], grace)).keys() == {"any_survey"}
    (refused,) = await invite(ws, other["id"], grace)
    assert (refused["invited"], refused["url"]) == (False, None)
    assert refused["gates"][0]["until"] == "2026-04-01T09:00:00Z"
    assert refused["gates"][0]["survey_id"] == first["id"]
    await tenure.settle()
    (told,) = await published(ws, "survey.invited")
    assert told["data"]["invitation_id"] == verdict["invitation_id"]
    withdrawn = f"/v1/survey-invitations/{verdict['invitation_id']}/withdraw"
    for _ in range(2):
        assert (await ws.admin.post(withdrawn)).json()["state"] == "withdrawn"
    assert await closed(ws, first["id"], grace) == {}
    gone = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    ann = await contact(ws, deactivated_at=gone)
    assert (await closed(ws, first["id"], ann)).keys() == {"deactivated"}


async def test_who_answered_without_an_invitation_was_asked_all_the_same(ws: Workspace) -> None:
    made, grace = await survey(ws), await contact(ws)
    await respond(ws, made["id"], {"score": 9}, contact_id=grace)
    assert (await closed(ws, made["id"], grace)).keys() == {"same_survey", "any_survey"}


async def test_former_customers_are_asked_when_the_survey_says_so(
    tenure: Tenure, ws: Workspace
) -> None:
    rule = {"title": "Gone", "status": "churned", "rule": 'name = "Gone"'}
    assert (await ws.admin.post("/v1/lifecycle-rules", rule)).status_code == 201
    old, living = await account(ws, name="Gone"), await account(ws)
    without, including = await survey(ws), await survey(ws, include_churned=True)
    grace, both = await contact(ws, old), await contact(ws, old, living)
    await tenure.settle()
    assert (await ws.observer.get(f"/v1/accounts/{old}")).json()["lifecycle_status"] == "churned"
    assert (await closed(ws, without["id"], grace)).keys() == {"churned"}
    assert await closed(ws, including["id"], grace) == {}
    assert await closed(ws, without["id"], both) == {}
    body = {"contacts": [{"contact_id": both, "account_id": old}]}
    answer = await ws.admin.post(f"{SURVEYS}/{without['id']}/invitations", body)
    assert [gate["gate"] for gate in answer.json()["data"][0]["gates"]] == ["churned"]
    body["contacts"][0]["account_id"] = await account(ws)
    answer = await ws.admin.post(f"{SURVEYS}/{without['id']}/invitations", body)
    assert answer.json()["errors"][0]["pointer"] == "/contacts/0/account_id"


async def test_all_unknown_contacts_come_at_once(ws: Workspace) -> None:
    made, nobody = await survey(ws), str(UUID(int=7))
    body = {"contacts": [
        {"contact_id": nobody}, {"contact_id": await contact(ws)}, {"contact_external_id": "no"},
        {},
    ]}  # fmt: skip
    answer = await ws.admin.post(f"{SURVEYS}/{made['id']}/invitations", body)
    assert {fault["pointer"] for fault in answer.json()["errors"]} >= {
        "/contacts/0/contact_id",
        "/contacts/2/contact_external_id",
        "/contacts/3",
    }
    assert (await ws.admin.get(f"/v1/survey-invitations?survey_id={made['id']}")).json()[
        "data"
    ] == []


async def test_a_quota_holds_within_a_request_and_between(ws: Workspace) -> None:
    limits = {"any_survey_days": None, "per_account": {"days": 7, "count": 3}}
    made, acme = await survey(ws, fatigue=limits), await account(ws)
    people = [await contact(ws, acme) for _ in range(8)]
    preview = (await ws.observer.post(f"{SURVEYS}/{made['id']}/preview")).json()
    closed_by = {gate["gate"]: gate["closed"] for gate in preview["gates"]}
    assert closed_by["account_quota"] == 5
    halves = await asyncio.gather(
        invite(ws, made["id"], *people[:5]), invite(ws, made["id"], *reversed(people[2:]))
    )
    verdicts = [verdict for half in halves for verdict in half]
    assert len({one["invitation_id"] for one in verdicts if one["invited"]}) == 3
    listed = await ws.observer.get("/v1/survey-invitations", params={"account_id": acme})
    assert len(listed.json()["data"]) == 3


@pytest.mark.parametrize("seed", range(4))
async def test_two_requests_at_once_never_ask_anybody_twice(ws: Workspace, seed: int) -> None:
    """Of many surveys, with overlapping contacts in different orders."""
    people = [await contact(ws) for _ in range(6)]
    asking = [await survey(ws) for _ in range(2)]
    requests = []
    for at in range(6):
        turned = people[(at + seed) % 6 :] + people[: (at + seed) % 6]
        some = turned[: 3 + at % 3]
        requests.append(invite(ws, asking[at % 2]["id"], *(some if at % 3 else reversed(some))))
    answers: list[list[dict[str, Any]]] = await asyncio.gather(*requests)
    invited = Counter(one["contact_id"] for some in answers for one in some if one["invited"])
    assert invited == dict.fromkeys(people, 1)


async def test_a_preview_is_what_inviting_everybody_would_come_to(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    limits = {"per_account": {"days": 7, "count": 2}}
    made = await survey(ws, fatigue=limits, audience='title = "Boss"')
    acme = await account(ws)
    people = [await contact(ws, acme, title="Boss") for _ in range(4)]
    people += [await contact(ws, title="Boss"), await contact(ws)]
    await invite(ws, made["id"], people[3])
    preview = (await ws.observer.post(f"{SURVEYS}/{made['id']}/preview")).json()
    assert (preview["contacts"], preview["audience"], preview["eligible"]) == (6, 5, 2)
    left = [(gate["gate"], gate["closed"], gate["left"]) for gate in preview["gates"]]
    assert left == [
        ("bounced", 0, 5),
        ("unsubscribed", 0, 5),
        ("deactivated", 0, 5),
        ("churned", 0, 5),
        ("same_survey", 1, 4),
        ("any_survey", 1, 4),
        ("account_quota", 3, 2),
    ]
    would = {one["contact_id"] for one in preview["samples"]}
    verdicts = await invite(ws, made["id"], *sorted(people))
    assert {one["contact_id"] for one in verdicts if one["invited"]} == would


async def test_a_service_that_asks_again_has_the_same_links(tenure: Tenure, ws: Workspace) -> None:
    made, acme = await survey(ws), await account(ws)
    people = [await contact(ws, acme) for _ in range(3)]
    nobody = str(UUID(int=9))

    async def ask(body: dict[str, Any]) -> httpx2.Response:
        token = tenure.workers["sequencer"].signer.token("accounts", ws.id)
        headers = {"authorization": f"Bearer {token}"}
        url = f"{tenure.urls['accounts']}/internal/survey-invitations"
        return await ws.anonymous.http.post(url, json=body, headers=headers)

    contacts = [
        {"contact_id": one, "request_key": f"step-1:{one}", "account_id": acme} for one in people
    ]
    contacts.append({"contact_id": nobody, "request_key": "step-1:nobody"})
    body = {"survey_id": made["key"], "via": "sequence", "contacts": contacts}
    answers = await asyncio.gather(*(ask(body) for _ in range(4)))
    assert {one.status_code for one in answers} == {200}
    first, *others = [one.json()["data"] for one in answers]
    assert others == [first] * 3
    assert [one["invited"] for one in first] == [True, True, True, False]
    assert [gate["gate"] for gate in first[3]["gates"]] == ["deactivated"]
    listed = await ws.observer.get("/v1/survey-invitations", params={"survey_id": made["id"]})
    assert [one["via"] for one in listed.json()["data"]] == ["sequence"] * 3
    # Another step is another request, and they were asked too recently for it.
    again = [{**one, "request_key": f"step-2:{at}"} for at, one in enumerate(contacts[:3])]
    later = (await ask({**body, "contacts": again})).json()["data"]
    assert [gate["gate"] for gate in later[0]["gates"]] == ["same_survey", "any_survey"]
    twice = [contacts[0], {**contacts[1], "request_key": contacts[0]["request_key"]}]
    refused = (await ask({**body, "contacts": twice})).json()
    assert [one["code"] for one in refused["errors"]] == ["duplicate_key"] * 2
