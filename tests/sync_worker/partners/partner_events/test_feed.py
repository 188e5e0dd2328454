"""The event feed: nothing is missed, nothing comes twice, and nobody reads another's."""

import asyncio
import random
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import from_json
from sqlalchemy import text

from shared.clock import utc_now
from shared.events.base import Cause, Envelope
from shared.events.sync import AutoReplyReceived, ReplyReceived
from shared.ids import new_id
from shared.worker import Loop
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.webhook_deliveries.handlers import tell_partners
from tests.harness import Tenure, Workspace

CAUSE = [Cause(type="member", id="ana", label="Ana"), Cause(type="api_key", id="key")]


def replied(subject: str, kind: type[ReplyReceived | AutoReplyReceived] = ReplyReceived) -> Any:
    return kind(
        connection_id=new_id(),
        mailbox="ben@tenure.example",
        message_id=f"<{new_id()}@northwind.example>",
        references=[],
        sender="ana@northwind.example",
        subject=subject,
        received_at=utc_now(),
    )


def envelope(workspace_id: UUID, subject: str) -> Envelope:
    event = replied(subject)
    return Envelope(
        id=new_id(),
        cursor="1.1",
        name=event.name,
        workspace_id=workspace_id,
        occurred_at=utc_now(),
        recorded_at=utc_now(),
        cause=CAUSE,
        payload=event.model_dump(mode="json"),
    )


async def publish(tenure: Tenure, ws: Workspace, *subjects: str) -> None:
    async with tenure.workers["sync"].units.begin(ws.id, CAUSE) as uow:
        uow.publish(*(replied(subject) for subject in subjects))


async def page(ws: Workspace, query: str = "") -> dict[str, Any]:
    answer = await ws.observer.get(f"/v1/events?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def subjects(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["subject"] for event in events]


async def end_of(ws: Workspace) -> str:
    return str((await page(ws, "after=latest"))["next_after"])


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> Workspace:
    return await tenure.workspace("Feed")


async def test_an_event_says_what_happened_when_and_why(tenure: Tenure, ws: Workspace) -> None:
    start = await end_of(ws)
    await publish(tenure, ws, "Yes, gladly")
    await tenure.settle()
    read = await page(ws, f"after={start}")
    (event,) = read["data"]
    assert event["type"] == "mail.replied"
    assert event["data"]["subject"] == "Yes, gladly"
    assert event["timestamp"].startswith("2026-03-02T09:00:00")  # the sandbox's clock stands still
    assert event["recorded_at"].endswith("Z")
    assert event["cause"] == [
        {"type": "member", "id": "ana", "label": "Ana"},
        {"type": "api_key", "id": "key"},
    ]
    assert read["has_more"] is False
    one = await ws.observer.get(f"/v1/events/{event['id']}")
    assert one.json() == event
    assert (await page(ws, f"after={event['cursor']}"))["data"] == []


async def test_pages_follow_each_other_without_gap_or_repetition(
    tenure: Tenure, ws: Workspace
) -> None:
    after = start = await end_of(ws)
    wanted = [str(number) for number in range(45)]
    await publish(tenure, ws, *wanted[:20])
    await publish(tenure, ws, *wanted[20:])
    await tenure.settle()
    found: list[str] = []
    sizes = []
    has_more = True
    while has_more:
        read = await page(ws, f"after={after}&limit=10")
        found += subjects(read["data"])
        sizes.append(len(read["data"]))
        after, has_more = read["next_after"], read["has_more"]
    assert found == wanted, "in the publisher's order"
    assert sizes == [10, 10, 10, 10, 5]
    third = (await page(ws, f"after={start}&limit=10"))["data"][2]
    assert subjects((await page(ws, f"after={third['cursor']}"))["data"]) == wanted[3:]


async def test_what_is_internal_stays_internal(tenure: Tenure, ws: Workspace) -> None:
    start = await end_of(ws)
    async with tenure.workers["sync"].units.begin(ws.id, CAUSE) as uow:
        uow.publish(replied("out of office", AutoReplyReceived))
    await tenure.settle()
    assert (await page(ws, f"after={start}"))["data"] == []


async def test_only_some_types_are_read(tenure: Tenure, ws: Workspace) -> None:
    start = await end_of(ws)
    await publish(tenure, ws, "a")
    await tenure.settle()
    for types, count in (("mail.replied", 1), ("mail.*", 1), ("*", 1), ("task.*,mail.bounced", 0)):
        read = await page(ws, f"after={start}&types={types}")
        assert len(read["data"]) == count, types
        assert (await page(ws, f"after={read['next_after']}"))["data"] == []
    wrong = await ws.observer.get("/v1/events?types=mail.eaten")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/query/types"


async def test_a_cursor_of_another_workspace_is_refused(tenure: Tenure, ws: Workspace) -> None:
    other = await tenure.workspace("Other")
    theirs = await end_of(other)
    for cursor in (theirs, theirs[:-1], "1.1", "x", "AAAA", "%00", "latests"):
        answer = await ws.observer.get("/v1/events", params={"after": cursor})
        assert answer.status_code == 400, cursor
    (event,) = (await page(other, "limit=1"))["data"]
    assert (await ws.observer.get(f"/v1/events/{event['id']}")).status_code == 404
    mine = {each["id"] for each in (await page(ws, "limit=1000"))["data"]}
    assert event["id"] not in mine


async def test_a_page_that_is_heard_again_changes_nothing(tenure: Tenure, ws: Workspace) -> None:
    made = await ws.admin.post("/v1/webhook-endpoints", {"url": "https://127.0.0.1/"})
    start = await end_of(ws)
    heard = envelope(ws.id, "once")
    for _ in range(3):
        async with tenure.workers["sync"].units.begin(ws.id, ()) as uow:
            await tell_partners(uow, heard)
    read = await page(ws, f"after={start}&wait=10")
    assert subjects(read["data"]) == ["once"]
    deliveries = await ws.admin.get(f"/v1/webhook-deliveries?event_id={heard.id}")
    assert len(deliveries.json()["data"]) == 1
    await ws.admin.delete(f"/v1/webhook-endpoints/{made.json()['id']}")


async def test_nothing_is_missed_while_ten_write_at_once(tenure: Tenure) -> None:
    """Transactions end in another order than they begin; a bare id as cursor would lose some."""
    ws = await tenure.workspace("Busy")
    units = tenure.workers["sync"].units
    rng = random.Random(7)
    pauses = [rng.uniform(0, 0.02) for _ in range(200)]
    start = await end_of(ws)

    async def write(writer: int) -> None:
        for number in range(20):
            async with units.begin(ws.id, ()) as uow:
                await partner_events.keep(uow, envelope(ws.id, f"{writer}:{number}"))
                await asyncio.sleep(pauses[writer * 20 + number])

    found: list[str] = []
    writing = asyncio.gather(*(write(writer) for writer in range(10)))
    after = start
    ended = False
    while not ended:
        ended = writing.done() and len(found) >= 200
        read = await page(ws, f"after={after}&limit=7")
        found += subjects(read["data"])
        after = read["next_after"]
    await writing
    assert len(found) == len(set(found)) == 200
    for writer in range(10):
        own = [each for each in found if each.startswith(f"{writer}:")]
        assert own == [f"{writer}:{number}" for number in range(20)]


async def test_a_reader_may_wait_for_the_next_event(tenure: Tenure, ws: Workspace) -> None:
    start = await end_of(ws)
    began = time.monotonic()
    waiting = asyncio.create_task(page(ws, f"after={start}&wait=20"))
    await asyncio.sleep(0.6)
    assert not waiting.done()
    await publish(tenure, ws, "at last")
    await tenure.settle()
    read = await waiting
    assert subjects(read["data"]) == ["at last"]
    assert time.monotonic() - began < 20, "it waited to the end"
    began = time.monotonic()
    assert (await page(ws, f"after={read['next_after']}&wait=0.5"))["data"] == []
    assert time.monotonic() - began >= 0.5


async def test_who_waits_holds_no_transaction(tenure: Tenure, ws: Workspace) -> None:
    start = await end_of(ws)
    waiting = asyncio.create_task(page(ws, f"after={start}&wait=2"))
    longest = timedelta(0)
    while not waiting.done():
        async with tenure.workers["sync"].units.across_workspaces() as scope:
            found = await scope.connection.execute(
                text(
                    "select coalesce(max(clock_timestamp() - xact_start), interval '0')"
                    " from pg_stat_activity where datname = current_database()"
                    " and usename = current_user and pid <> pg_backend_pid()"
                    " and state = 'idle in transaction'"
                )
            )
            longest = max(longest, found.scalar_one())
        await asyncio.sleep(0.01)
    await waiting
    assert longest < timedelta(seconds=0.3)


async def test_old_events_go_and_whoever_missed_them_is_told(tenure: Tenure) -> None:
    ws = await tenure.workspace("Old")
    start = await end_of(ws)
    await publish(tenure, ws, "a", "b")
    await tenure.settle()
    read = await page(ws, f"after={start}")
    first, second = read["data"]
    async with tenure.workers["sync"].units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update partner_events set recorded_at = recorded_at - interval '31 days'"
                " where workspace_id = :workspace_id and id <> :kept"
            ),
            {"workspace_id": ws.id, "kept": second["id"]},
        )
    forgetting: Loop = next(
        loop for loop in tenure.loops["sync"] if loop.name == "partner-event-retention"
    )
    await forgetting.step(tenure.workers["sync"])
    assert [event["id"] for event in (await page(ws))["data"]] == [second["id"]]
    gone = await ws.observer.get(f"/v1/events?after={start}")
    assert (gone.status_code, gone.json()["code"]) == (410, "events_no_longer_kept")
    assert (await page(ws, f"after={first['cursor']}"))["data"] == [second]
    assert (await page(ws, f"after={read['next_after']}"))["data"] == []


async def test_a_page_holds_a_thousand(tenure: Tenure) -> None:
    ws = await tenure.workspace("Large")
    start = await end_of(ws)
    async with tenure.workers["sync"].units.begin(ws.id, ()) as uow:
        for number in range(1001):
            await partner_events.keep(uow, envelope(ws.id, str(number)))
    answer = await ws.observer.get(f"/v1/events?after={start}&limit=1000&wait=10")
    read = from_json(answer.content)
    assert subjects(read["data"]) == [str(number) for number in range(1000)]
    assert read["has_more"] is True
    assert (await ws.observer.get("/v1/events?limit=1001")).status_code == 422


async def test_transactions_are_in_the_order_of_their_numbers(tenure: Tenure) -> None:
    """Not of their digits: 9 comes before 10."""
    ws = await tenure.workspace("Digits")
    start = (await page(ws, "limit=1"))["data"]
    async with tenure.workers["sync"].units.begin(ws.id, ()) as uow:
        for xid in (100, 9, 10):
            await uow.connection.execute(
                text(
                    "insert into partner_events"
                    " (workspace_id, id, xid, type, data, cause, occurred_at) values"
                    " (:workspace_id, :id, cast(cast(:xid as text) as xid8), 'mail.replied',"
                    " json_build_object('subject', cast(:xid as text)), '[]', clock_timestamp())"
                ),
                {"workspace_id": ws.id, "id": new_id(), "xid": str(xid)},
            )
    read = await page(ws, "limit=3")
    assert subjects(read["data"]) == ["9", "10", "100"]
    assert (await page(ws, f"after={read['next_after']}&limit=1"))["data"] == start
