"""Files of notes and tasks: the tasks service writes them, and nothing is lost or counted twice."""

import asyncio
import signal
import sys
from typing import Any

import pytest
from sqlalchemy import text

from tests.accounts_api.customers.imports.making import begin, counts, preview, rejected, run
from tests.accounts_api.records.making import bulk, make_trait
from tests.harness import Tenure, Workspace

NOTES = (
    "External Id,Title,Body,Author,Created,Account External Id,Private\n"
    'n-1,Kick-off,"<p>Line\none</p>",left@n.example,4/2/2024 15:30,a,no\n'
    "n-2,Renewal,<p>Fine</p>,ada@n.example,2/13/2025 09:00,a,\n"
    "n-3,Unknown author,,nobody@n.example,2/13/2025,a,\n"
    "n-4,Unknown account,,ada@n.example,2/13/2025,z,\n"
    "n-5,No account,,ada@n.example,2/13/2025,,\n"
    "n-2,Renewal,<p>Fine</p>,ada@n.example,2/13/2025 09:00,a,\n"
)
TASKS = (
    "External Id,Title,Status,Assignee,Author,Created,Due Date,Completed At,Completed By,"
    "Subject Type,Subject External Id\n"
    "t-1,Done,Completed,left@n.example,ada@n.example,4/2/2024,4/9/2024,4/8/2024,left@n.example,"
    "Account,a\n"
    "t-2,To do,Open,ada@n.example,left@n.example,2/13/2026,3/20/2026,,,account,a\n"
    "t-3,Who does it,Open,left@n.example,,,,,,account,a\n"
    "t-4,Odd,Perhaps,,,,,,,account,a\n"
)


async def world(ws: Workspace) -> dict[str, str]:
    ids = {}
    for name in ("ada", "left"):
        body = {"full_name": name, "email": f"{name}@n.example"}
        ids[name] = (await ws.admin.post("/v1/members", body)).json()["id"]
    await ws.admin.post(f"/v1/members/{ids['left']}/deactivate")
    (row,) = await bulk(ws, "accounts", [{"external_id": "a", "name": "A"}])
    return {**ids, "a": row["id"]}


async def listed(ws: Workspace, plural: str) -> dict[str, dict[str, Any]]:
    page = (await ws.admin.get(f"/v1/{plural}", params={"limit": 100})).json()
    return {one["external_id"]: one for one in page["data"]}


async def be_due(tenure: Tenure, ws: Workspace) -> None:
    """As the workspace's imports are once the time is over for which they were put off."""
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text("update imports set try_at = clock_timestamp() where workspace_id = :id"),
            {"id": ws.id},
        )


async def test_notes_come_in_with_their_authors_and_dates(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = await world(ws)
    await tenure.settle()
    job = await begin(ws, "note", NOTES, ws.admin)
    seen = await preview(ws, job, ws.admin)
    assert counts(seen) == (2, 0, 1, 3)
    assert await listed(ws, "notes") == {}
    assert counts(await run(tenure, ws, job, ws.admin)) == (2, 0, 1, 3)
    assert await rejected(ws, job) == [
        (4, "Author", "unknown_member"),
        (5, "Account External Id", "unknown_record"),
        (6, None, "required"),
    ]
    notes = await listed(ws, "notes")
    assert notes["n-1"]["author_id"] == ids["left"]
    assert notes["n-1"]["authored_at"].startswith("2024-04-02T")
    assert (notes["n-1"]["subject_type"], notes["n-1"]["subject_id"]) == ("account", ids["a"])
    assert notes["n-2"]["author_id"] == ids["ada"]
    again = await begin(ws, "note", NOTES, ws.admin)
    assert counts(await preview(ws, again, ws.admin)) == (0, 0, 3, 3)
    assert counts(await run(tenure, ws, again, ws.admin)) == (0, 0, 3, 3)
    assert await listed(ws, "notes") == notes


async def test_tasks_come_in_as_they_stand_and_tell_nobody(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = await world(ws)
    await tenure.settle()
    job = await begin(ws, "task", TASKS, ws.admin, dates="month_first")
    assert counts(await run(tenure, ws, job, ws.admin)) == (2, 0, 0, 2)
    assert {(row, column) for row, column, _ in await rejected(ws, job)} == {
        (4, "Assignee"),
        (5, "Status"),
    }
    page = (await ws.admin.get("/v1/tasks", params={"limit": 100})).json()["data"]
    tasks = {one["external_id"]: one for one in page}
    done = (await ws.admin.get("/v1/tasks/by-external-id/t-1")).json()
    assert (done["status"], done["assignee_id"], done["ended_by"]) == (
        "completed",
        ids["left"],
        ids["left"],
    )
    assert done["ended_at"].startswith("2024-04-0")
    assert tasks["t-2"]["status"] == "open"
    assert tasks["t-2"]["author_id"] == ids["left"]
    public = (await ws.admin.get("/v1/events", params={"types": "task.*"})).json()["data"]
    assert {event["data"].get("external_id") for event in public} <= {"t-1", "t-2", None}
    again = await begin(ws, "task", TASKS, ws.admin, dates="month_first")
    assert counts(await run(tenure, ws, again, ws.admin)) == (0, 0, 2, 2)


async def test_only_who_may_name_other_authors_does(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await world(ws)
    await tenure.settle()
    rows = "external_id,title,author_id,account_external_id\nn,N,ada@n.example,a\nm,M,,a\n"
    job = await begin(ws, "note", rows)
    assert counts(await run(tenure, ws, job)) == (1, 0, 0, 1)
    assert await rejected(ws, job) == [(2, "author_id", "forbidden")]


async def test_a_worker_that_dies_after_sending_loses_nothing_and_counts_once(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts_api.customers.imports.service.CHUNK_ROWS", 2)
    ws = await tenure.workspace()
    await world(ws)
    await tenure.settle()
    rows = "external_id,title,account_external_id\n" + "".join(f"n{n},N,a\n" for n in range(5))
    job = await begin(ws, "note", rows)
    path = f"/v1/imports/{job['id']}"
    await ws.team_member.post(f"{path}/start", headers={"if-match": "*"})
    environment = tenure.environment("accounts") | {
        "TENURE_FAULTPOINTS": f"imports.sent@{ws.id}=kill:2",
        "PYTHONPATH": ":".join(sys.path),
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "accounts_api.worker", env=environment
    )
    async with asyncio.timeout(90):
        assert await worker.wait() == -signal.SIGKILL
    halfway = (await ws.admin.get(path)).json()
    assert (halfway["status"], halfway["processed_rows"], halfway["created"]) == ("running", 2, 2)
    assert len(await listed(ws, "notes")) == 4
    await be_due(tenure, ws)
    await tenure.settle()
    ended = (await ws.admin.get(path)).json()
    assert (ended["status"], counts(ended)) == ("finished", (5, 0, 0, 0))
    assert len(await listed(ws, "notes")) == 5


async def test_while_the_tasks_service_is_away_an_import_waits(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    await world(ws)
    await tenure.settle()
    job = await begin(ws, "note", "external_id,title,account_external_id\nn,N,a\n")
    path = f"/v1/imports/{job['id']}"
    await ws.team_member.post(f"{path}/start", headers={"if-match": "*"})
    worker = tenure.workers["accounts"]
    with monkeypatch.context() as patch:
        patch.setitem(worker.settings.peers, "tasks", "http://127.0.0.1:9")
        for _ in range(8):
            await be_due(tenure, ws)
            await tenure.settle()
            waiting = (await ws.admin.get(path)).json()
            assert (waiting["status"], waiting["processed_rows"]) == ("running", 0)
            assert waiting["failure"] == "The tasks service does not answer; it is asked again."
    await be_due(tenure, ws)
    await tenure.settle()
    ended = (await ws.admin.get(path)).json()
    assert (ended["status"], ended["failure"], counts(ended)) == ("finished", None, (1, 0, 0, 0))


async def test_columns_go_to_the_traits_of_tasks(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = await world(ws)
    await make_trait(ws, "task", "hours", "number", maximum=8)
    await make_trait(ws, "task", "reviewed_by", "member")
    await tenure.settle()
    file = (
        "External Id,Title,Account External Id,traits.hours,traits.reviewed_by\n"
        "t-1,Short,a,2.5,ada@n.example\n"
        "t-2,Long,a,9,\n"
        "t-3,Not said,a,,\n"
    )
    job = await begin(ws, "task", file, ws.admin)
    used = (await ws.admin.get("/v1/traits/task.hours/usages")).json()["usages"]
    assert [usage["type"] for usage in used] == ["import"]
    assert counts(await preview(ws, job, ws.admin)) == (2, 0, 0, 1)
    assert counts(await run(tenure, ws, job, ws.admin)) == (2, 0, 0, 1)
    assert await rejected(ws, job) == [(3, "traits.hours", "too_large")]
    tasks = await listed(ws, "tasks")
    assert tasks["t-1"]["traits"] == {"hours": 2.5, "reviewed_by": ids["ada"]}
    assert tasks["t-3"]["traits"] == {}
