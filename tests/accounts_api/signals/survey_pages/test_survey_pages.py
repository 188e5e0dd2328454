"""The page of a link: accessible without script, and one response however often it is sent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from accounts_api.signals.survey_pages.forms import answers_of, read_form, version_of
from accounts_api.signals.survey_pages.html import form_page
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

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUESTIONS = [
    Question("score", "How <likely>?", "scale", required=True, minimum=0, maximum=10,
             low_label="Not & never", high_label="Very"),
    Question("which", "Which one?", "choice", options=(("a", '"A"'), ("b", "B"))),
    Question("all", "Which ones?", "multi", options=(("a", "A"), ("b", "B"), ("c", "C"))),
    Question("why", "Why?", "text"),
    Question("many", "How many?", "number", minimum=0),
    Question("day", "Since when?", "date"),
]  # fmt: skip
_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
ANSWERS = st.fixed_dictionaries(
    {"score": st.integers(0, 10)},
    optional={
        "which": st.sampled_from(["a", "b"]),
        "all": st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1).map(sorted),
        "why": _LINE.map(str.strip),
        "many": st.integers(0, 10**9),
        "day": st.dates().map(str),
    },
)


@dataclass
class Page(HTMLParser):
    """What a browser would send, and what a reader of the screen needs."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    labelled: set[str] = field(default_factory=set)
    unnamed: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _area: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._open.append(tag)
        if "id" in given:
            assert given["id"] not in self.ids, "an id stands for one element"
            self.ids.add(given["id"])
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag == "a":
            self.links.append(given["href"])
        if tag not in {"input", "textarea"} or given.get("type") == "hidden":
            if tag == "input":
                self.fields.append((given["name"], given["value"]))
                self._open.pop()
            elif tag == "meta":
                self._open.pop()
            return
        if "label" not in self._open and given.get("id") not in self.labelled:
            self.unnamed.append(given["name"])
        if given.get("type") in {"radio", "checkbox"}:
            assert "fieldset" in self._open
            if "checked" in given:
                self.fields.append((given["name"], given["value"]))
        elif tag == "textarea":
            self._area = given["name"]
            self.fields.append((given["name"], ""))
        else:
            self.fields.append((given["name"], given["value"]))
        if tag == "input":
            self._open.pop()

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self._area = None if tag == "textarea" else self._area

    @override
    def handle_data(self, data: str) -> None:
        if self._area is not None:
            name, before = self.fields[-1]
            # A browser drops the first line break of a text area.
            self.fields[-1] = (name, before + (data if before else data.removeprefix("\n")))

    @classmethod
    def of(cls, written: str) -> "Page":
        page = cls()
        page.feed(written)
        page.close()
        return page


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Paging") as made:
        yield made


def url(tenure: Tenure, verdict: dict[str, Any]) -> str:
    return tenure.urls["accounts"] + str(urlsplit(verdict["url"]).path)


async def send(ws: Workspace, at: str, answers: dict[str, Any]) -> httpx2.Response:
    body = urlencode({f"q.{key}": value for key, value in answers.items()}, doseq=True)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await ws.anonymous.http.post(at, content=body, headers=headers)


async def responses(ws: Workspace, survey_id: str) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/survey-responses", params={"survey_id": survey_id})
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@given(ANSWERS, st.integers(1, 9))
def test_a_form_that_is_sent_as_it_is_shown_says_what_was_said(
    answers: dict[str, Any], version: int
) -> None:
    page = Page.of(form_page("T", None, "Us", QUESTIONS, version, answers))
    form = read_form(urlencode(page.fields).encode())
    assert answers_of(QUESTIONS, form) == answers
    assert version_of(form, 99) == version


@given(st.binary(max_size=300))
def test_any_body_is_read_as_some_form(body: bytes) -> None:
    form = read_form(body)
    assert isinstance(answers_of(QUESTIONS, form), dict)
    assert version_of(form, 1) >= 0


def test_every_field_has_a_name_and_nothing_is_fetched_or_run() -> None:
    written = form_page("T", "About & all", "Us", QUESTIONS, 1, {})
    page = Page.of(written)
    assert page.unnamed == []
    assert page.labelled <= page.ids
    assert {"q-why", "q-many", "q-day"} <= page.labelled
    assert page.tags.count("fieldset") == page.tags.count("legend") == 3
    assert {"script", "img", "link", "iframe"}.isdisjoint(page.tags)
    assert page.tags.count("h1") == 1
    assert '<html lang="en">' in written
    assert "How &lt;likely&gt;?" in written
    assert "<likely>" not in written


async def test_opening_records_nothing_and_a_score_is_only_chosen(
    tenure: Tenure, ws: Workspace
) -> None:
    made, acme = await survey(ws, description="Two questions"), await account(ws)
    (verdict,) = await invite(ws, made["id"], await contact(ws, acme))
    at = url(tenure, verdict)
    for _ in range(3):
        assert (await ws.anonymous.http.get(at)).status_code == 200
    shown = await ws.anonymous.http.get(at, params={"score": "9"})
    assert ("q.score", "9") in Page.of(shown.text).fields
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for nonsense in ("11", "-1", "x", "9" * 19):
        other = await ws.anonymous.http.get(at, params={"score": nonsense})
        assert [name for name, _ in Page.of(other.text).fields].count("q.score") == 0
    assert await responses(ws, made["id"]) == []
    listed = await ws.observer.get("/v1/survey-invitations", params={"account_id": acme})
    assert listed.json()["data"][0]["state"] == "sent"


async def test_a_link_that_is_sent_many_times_at_once_makes_one_response(
    tenure: Tenure, ws: Workspace
) -> None:
    made, acme = await survey(ws), await account(ws)
    grace = await contact(ws, acme)
    (verdict,) = await invite(ws, made["id"], grace)
    at = url(tenure, verdict)
    same = {"score": 8, "comment": "Good\r\nand quick"}
    answers = await asyncio.gather(
        *(send(ws, at, same) for _ in range(5)), *(ws.anonymous.http.get(at) for _ in range(3))
    )
    assert {one.status_code for one in answers} == {200}
    assert "Thank you" in answers[0].text
    (stored,) = await responses(ws, made["id"])
    assert (stored["contact_id"], stored["account_id"]) == (grace, acme)
    assert (stored["score"], stored["comment"], stored["version"]) == (8, "Good\nand quick", 1)
    shown = Page.of((await ws.anonymous.http.get(at)).text).fields
    assert {("q.score", "8"), ("q.comment", "Good\nand quick")} <= {*shown}
    different = await asyncio.gather(*(send(ws, at, {"score": score}) for score in (1, 2, 3)))
    assert {one.status_code for one in different} == {200}
    (changed,) = await responses(ws, made["id"])
    assert (changed["id"], changed["version"]) == (stored["id"], 4)
    by_program = {"survey_id": made["id"], "answers": same}
    by_program["invitation_id"] = verdict["invitation_id"]
    refused = await ws.admin.post("/v1/survey-responses", by_program)
    assert refused.json()["code"] == "already_answered"
    await tenure.settle()
    told = [
        one["type"]
        for one in await published(ws, "survey.answered", "survey.answer_changed")
        if one["data"]["invitation_id"] == verdict["invitation_id"]
    ]
    assert sorted(told) == ["survey.answer_changed"] * 3 + ["survey.answered"]


async def test_what_is_wrong_is_said_beside_its_question(tenure: Tenure, ws: Workspace) -> None:
    made = await survey(ws)
    (verdict,) = await invite(ws, made["id"], await contact(ws))
    at = url(tenure, verdict)
    refused = await send(ws, at, {"score": "eleven", "comment": "kept"})
    assert refused.status_code == 422
    page = Page.of(refused.text)
    assert "#q-score" in page.links
    assert "q-score-fault" in page.ids
    assert ("q.comment", "kept") in page.fields
    assert (await send(ws, at, {})).status_code == 422
    assert await responses(ws, made["id"]) == []
    # What was shown before the questions became others is an answer to those.
    asked = [{**made["questions"][0], "key": "again"}]
    assert (await ws.admin.patch(f"/v1/surveys/{made['id']}", {"questions": asked})).is_success
    body = urlencode({"q.score": 7, "question_version": 1})
    assert (await ws.anonymous.http.post(at, content=body)).status_code == 200
    (stored,) = await responses(ws, made["id"])
    assert (stored["question_version"], stored["score"]) == (1, 7)


async def test_a_link_ends(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    made = await survey(ws, link_days=10, fatigue={"any_survey_days": None})
    withdrawn, gone, late, said, erased = [
        (await invite(ws, made["id"], await contact(ws)))[0] for _ in range(5)
    ]
    http = ws.anonymous.http
    path = f"/v1/survey-invitations/{withdrawn['invitation_id']}/withdraw"
    assert (await ws.admin.post(path)).is_success
    assert (await ws.admin.delete(f"/v1/contacts/{gone['contact_id']}")).is_success
    for verdict in (said, erased):
        assert (await send(ws, url(tenure, verdict), {"score": 5})).status_code == 200
    forget = {"contact_id": erased["contact_id"]}
    assert (await ws.admin.post("/v1/survey-responses/erase", forget)).json() == {"erased": 1}
    for verdict in (withdrawn, gone, erased):
        assert (await http.get(url(tenure, verdict))).status_code == 410
        assert (await send(ws, url(tenure, verdict), {"score": 5})).status_code == 410
    assert (await http.get(url(tenure, late))).status_code == 200
    assert (await ws.admin.post(f"/v1/contacts/{gone['contact_id']}/undelete")).is_success
    assert (await http.get(url(tenure, gone))).status_code == 200
    await tenure.set_clock(ws, START + timedelta(days=10))
    over = await send(ws, url(tenure, late), {"score": 5})
    assert (over.status_code, over.headers["content-type"]) == (410, "text/html; charset=utf-8")
    assert (await send(ws, url(tenure, said), {"score": 6})).status_code == 200
    await tenure.set_clock(ws, START + timedelta(days=30))
    assert (await send(ws, url(tenure, said), {"score": 7})).status_code == 410
    kept = {one["score"] for one in await responses(ws, made["id"]) if one["contact_id"]}
    assert kept == {6}
    off = {"settings": {"features": {"surveys": False}}}
    other = await survey(ws, fatigue={"any_survey_days": None})
    (open_one,) = await invite(ws, other["id"], await contact(ws))
    assert (await http.get(url(tenure, open_one))).status_code == 200
    assert (await ws.admin.patch("/v1/workspace", off)).is_success
    assert (await http.get(url(tenure, open_one))).status_code == 410


async def test_no_other_link_leads_anywhere(tenure: Tenure, ws: Workspace) -> None:
    made = await survey(ws)
    (verdict,) = await invite(ws, made["id"], await contact(ws))
    token = urlsplit(verdict["url"]).path.rpartition("/")[2]
    for forged in (token[:-4] + "AAAA", "x", token[::-1], "A" * 75, "%C3%A4"):
        answer = await ws.anonymous.http.get(f"{tenure.urls['accounts']}/s/{forged}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_link")


async def test_a_link_is_not_asked_without_end(tenure: Tenure, ws: Workspace) -> None:
    made = await survey(ws)
    (verdict,) = await invite(ws, made["id"], await contact(ws))
    at = url(tenure, verdict)
    answers = [await ws.anonymous.http.get(at) for _ in range(130)]
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == "rate_limited"
    assert int(refused[0].headers["retry-after"]) <= 60
    await respond(ws, made["id"], {"score": 5})
