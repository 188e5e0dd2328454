"""However many rows come from however many callers: few statements, one call after the other."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from shared.auth import Subject
from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace
from tests.tasks_api.records.making import BULK, acme, row, write

KINDS = pytest.mark.parametrize("kind", ["task", "note"])
SHOWN = ("external_id", "title", "category", "tags", "source", "version")


@contextmanager
def statements(tenure: Tenure) -> Iterator[list[str]]:
    """What the web process of tasks-api runs meanwhile."""
    engine = tenure.apps["tasks"].state.service.db.engine.sync_engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@KINDS
async def test_a_call_runs_as_many_statements_for_one_row_as_for_many(
    tenure: Tenure, kind: str
) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    await make_trait(ws, kind, "hours", "number")
    await make_trait(ws, kind, "owner", "member")
    await tenure.hear("tasks", "accounts")
    counts = []
    for numbers in (range(1), range(1, 120)):
        said = {"account_external_id": "crm-1", "traits": {"owner": ws.details["admin_id"]}}
        rows = [row(number, **said) for number in numbers]
        for title in ("New", "Changed", "Changed"):
            with statements(tenure) as seen:
                written = await write(ws.admin, kind, [{**one, "title": title} for one in rows])
            assert written["rejected"] == 0
            counts.append(len(seen))
    assert counts[:3] == counts[3:]


async def ends_as(ws: Workspace, kind: str) -> list[dict[str, Any]]:
    listed = (await ws.admin.get(f"/v1/{kind}s?sort=external_id&limit=200")).json()["data"]
    return [{name: one[name] for name in SHOWN} for one in listed]


@KINDS
@pytest.mark.parametrize("seed", range(3))
async def test_calls_that_meet_end_as_if_one_came_after_the_other(
    tenure: Tenure, kind: str, seed: int
) -> None:
    dice = Random(seed)
    ws, alone = await tenure.workspace(), await tenure.workspace()
    for each in (ws, alone):
        await acme(each)
    calls = [
        [
            row(0, title=f"Call {number}"),
            *(
                row(
                    dice.randint(1, 5),
                    **dict(
                        dice.sample(
                            [("title", f"T{number}"), ("category", f"C{number}"), ("tags", ["x"])],
                            dice.randint(1, 3),
                        )
                    ),
                )
                for _ in range(6)
            ),
        ]
        for number in range(6)
    ]
    await asyncio.gather(*(write(ws.admin, kind, rows) for rows in calls))
    marker = (await ws.admin.get(f"/v1/{kind}s/by-external-id/old-0")).json()
    changes = (await ws.admin.get(f"/v1/{kind}s/{marker['id']}/history?field=title")).json()["data"]
    turns = [changes[-1]["old"], *(change["new"] for change in reversed(changes))]
    assert sorted(turns) == [f"Call {number}" for number in range(6)]
    for turn in turns:
        await write(alone.admin, kind, calls[int(turn.removeprefix("Call "))])
    assert await ends_as(ws, kind) == await ends_as(alone, kind)


@KINDS
async def test_a_worker_that_asks_again_gets_the_answer_it_did_not_hear(
    tenure: Tenure, kind: str
) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    admin = UUID(ws.details["admin_id"])
    rows = [row(0), row(1, authored_at="2021-05-02T08:00:00Z"), row(2, title=5)]
    answers = [
        await tenure.workers["accounts"].ask(
            "tasks",
            "POST",
            BULK[kind],
            workspace_id=ws.id,
            subject=Subject("member", admin),
            json={"rows": rows, "automation": "quiet"},
            idempotency_key="import:1:0",
        )
        for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["created"], answers[0].json()["rejected"]) == (2, 1)
    made = answers[0].json()["results"][1]["id"]
    told = (await ws.admin.get(f"/v1/{kind}s/{made}/history")).json()["data"][-1]
    assert [link["type"] for link in told["cause"]] == ["member", "service", "quiet_batch"]
    assert told["valid_from"].startswith("2021-05-02")
