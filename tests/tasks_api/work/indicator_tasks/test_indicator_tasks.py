"""What an indicator calls for is one task, which closes with it."""

from datetime import UTC, datetime
from typing import Any

from shared.events.base import Cause
from shared.events.signals.indicators import IndicatorOpened
from tasks_api.work.indicator_tasks import handlers
from tests.accounts_api.customers.key_roles.making import account, member
from tests.accounts_api.signals.indicators.making import (
    AT_RISK,
    acted,
    definition,
    listed,
    move,
    published,
)
from tests.harness import Tenure, Workspace

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = {"title": "Call them", "text": "Ask why.", "due": {"business_days": 2}}


async def tasks(ws: Workspace) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/tasks?sort=created_at")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def test_a_call_to_action_is_one_task_that_closes_with_its_indicator(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    more: dict[str, Any] = {
        "owner_key_role": "csm",
        "reopen_after_days": 30,
        "call_to_action": CALL,
    }
    await definition(ws, rule=AT_RISK, **more)
    acme = await account(ws, "Acme", country="FR", key_roles={"csm": [ada]})
    await tenure.settle()
    (found,) = await listed(ws)
    (task,) = await tasks(ws)
    shown = {name: task[name] for name in ("title", "body", "priority", "category", "cause")}
    assert shown == {
        "title": "Call them",
        "body": "Ask why.",
        "priority": "high",
        "category": "risk",
        "cause": "indicator",
    }
    assert task["dedupe_key"] == f"indicator:{found['id']}"
    assert (task["subject_type"], task["subject_id"], task["account_id"]) == (
        "account",
        acme,
        acme,
    )
    assert (task["assignee_id"], task["due_at"][:10]) == (ada, "2026-03-04")
    await ws.admin.patch(f"/v1/accounts/{acme}", {"key_roles": {"csm": [bea]}})
    await tenure.settle()
    assert (await tasks(ws))[0]["assignee_id"] == bea
    await move(tenure, ws, acme, "DE")
    (closed,) = await tasks(ws)
    assert (closed["status"], closed["outcome"]) == ("closed", "cause_cleared")
    # The same indicator comes back, and so does its task.
    await move(tenure, ws, acme, "FR")
    (again,) = await tasks(ws)
    assert (again["id"], again["status"]) == (task["id"], "open")


async def test_a_task_that_a_person_ended_stays_so(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, MONDAY)
    await definition(ws, rule=AT_RISK, reopen_after_days=30, call_to_action=CALL)
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (task,) = await tasks(ws)
    assert (await ws.admin.post(f"/v1/tasks/{task['id']}/complete")).status_code == 200
    (found,) = await listed(ws)
    await acted(ws, found["id"], "silence", until="2026-03-05T09:00:00Z")
    await tenure.settle()
    await tenure.set_clock(ws, datetime(2026, 3, 6, tzinfo=UTC))
    assert (await listed(ws))[0]["state"] == "open"
    await move(tenure, ws, acme, "DE")
    await move(tenure, ws, acme, "FR")
    (same,) = await tasks(ws)
    assert (same["id"], same["status"]) == (task["id"], "completed")


async def test_what_is_heard_twice_or_too_late_opens_no_task(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    role = {**CALL, "assignee_key_role": "csm"}
    await definition(ws, rule=AT_RISK, call_to_action=role)
    acme = await account(ws, "Acme", country="FR")
    await tenure.settle()
    (opening,) = await published(ws, "opened")
    await move(tenure, ws, acme, "DE")
    event = IndicatorOpened.model_validate(opening["data"])
    by_test = [Cause(type="system", id="test")]
    for _ in range(2):
        async with tenure.workers["tasks"].units.begin(ws.id, by_test) as uow:
            await handlers.on_indicator_opened(uow, event)
    (task,) = await tasks(ws)
    assert (task["status"], task["assignee_key_role"]) == ("closed", "csm")
