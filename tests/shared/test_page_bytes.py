"""A page ends in bytes as well as in rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.sync import ConnectionNeedsReauth
from shared.ids import new_id
from shared.page_bytes import MAX_PAGE_BYTES, count_within, fitting
from tests.harness import Tenure, Workspace

LARGE = 900_000


@given(st.lists(st.integers(0, 2 * MAX_PAGE_BYTES), max_size=20))
def test_a_page_holds_what_fits_and_one_in_any_case(sizes: list[int]) -> None:
    kept = count_within(iter(sizes))
    assert kept >= min(1, len(sizes))
    assert kept <= 1 or sum(sizes[:kept]) <= MAX_PAGE_BYTES
    assert kept == len(sizes) or sum(sizes[: kept + 1]) > MAX_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class _Row:
    text: str


@pytest.mark.parametrize("kind", [_Row, lambda text: {"text": text}, lambda text: (text,)])
def test_rows_of_any_kind_are_measured(kind: Callable[[str], Any]) -> None:
    rows = [kind("x" * LARGE) for _ in range(9)]
    assert len(fitting(rows, 9)) == MAX_PAGE_BYTES // LARGE


async def test_large_events_come_in_short_pages_and_none_is_lost(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    sent = [new_id() for _ in range(12)]
    before = (await ws.admin.get("/v1/events?after=latest")).json()["next_after"]
    for connection_id in sent:
        async with tenure.workers["sync"].units.begin(ws.id, ()) as uow:
            uow.publish(
                ConnectionNeedsReauth(
                    connection_id=connection_id, system="salesforce", reason="x" * LARGE
                )
            )
    cursor, heard, has_more = "", list[str](), True
    while has_more:
        page = await tenure.workers["tasks"].feed_page("sync", cursor, 200, 0, 1)
        assert sum(len(event.payload.get("reason") or "") for event in page.data) <= MAX_PAGE_BYTES
        heard += [e.payload["connection_id"] for e in page.data if e.workspace_id == ws.id]
        cursor, has_more = page.data[-1].cursor, page.has_more
    assert heard == [str(each) for each in sent]

    await tenure.settle()
    seen, has_more = list[str](), True
    while has_more:
        answer = await ws.admin.get(f"/v1/events?after={before}&limit=200")
        assert len(answer.content) < MAX_PAGE_BYTES + 100_000
        body = answer.json()
        seen += [event["data"]["connection_id"] for event in body["data"]]
        before, has_more = body["next_after"], body["has_more"]
    assert seen == [str(each) for each in sent]


async def test_a_page_of_long_notes_ends_in_time(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    subject = {"subject_type": "account", "subject_id": await _account(ws, {})}
    note = {**subject, "title": "Long", "body": "€" * 100_000}
    made = [(await ws.admin.post("/v1/notes", note)).json()["id"] for _ in range(15)]
    assert (
        await _listed(ws, f'/v1/notes?filter=subject_id = "{subject["subject_id"]}"') == made[::-1]
    )


async def test_a_page_of_long_records_and_one_of_their_history_end_in_time(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    keys = ("story", "plan", "risks")
    for key in keys:
        trait = {"record_type": "account", "key": key, "title": key.title(), "type": "text"}
        assert (await ws.admin.post("/v1/traits", trait)).status_code == 201
    made = [await _account(ws, dict.fromkeys(keys, "€" * 100_000)) for _ in range(6)]
    assert sorted(await _listed(ws, "/v1/accounts?sort=name")) == sorted(made)
    for turn in range(4):
        changed = {"traits": dict.fromkeys(keys, f"{turn}" + "€" * 100_000)}
        answer = await ws.admin.patch(f"/v1/accounts/{made[0]}", changed, headers={"if-match": "*"})
        assert answer.status_code == 200, answer.text
    assert len(await _listed(ws, f"/v1/accounts/{made[0]}/history?field=traits")) == 12


async def _account(ws: Workspace, traits: dict[str, str]) -> str:
    answer = await ws.admin.post("/v1/accounts", {"name": "Wordy", "traits": traits})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _listed(ws: Workspace, path: str) -> list[str]:
    """The ids of all pages, each of which has an end in bytes."""
    seen, pages = list[str](), 0
    cursor: str | None = ""
    while cursor is not None:
        answer = await ws.admin.get(f"{path}&limit=200{cursor and '&cursor=' + cursor}")
        assert answer.status_code == 200, answer.text
        assert len(answer.content) < MAX_PAGE_BYTES + 100_000
        seen += [each["id"] for each in answer.json()["data"]]
        cursor, pages = answer.json()["next_cursor"], pages + 1
    assert pages > 1
    return seen
