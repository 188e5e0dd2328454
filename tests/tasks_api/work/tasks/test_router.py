from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.events.accounts import AccountChanged, MemberChanged, MemberHandedOver
from shared.events.base import Event
from shared.events.records import AccountRecord
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.service import Service
from tasks_api.status import due_work
from tests.accounts_api.customers.key_roles.making import account, member
from tests.harness import Client, Tenure
from tests.tasks_api.work.task_causes.making import BY_TEST, blocked

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OVERDUE = 'status = "open" and due_at is past'


async def found(who: Client, rule: str) -> httpx2.Response:
    return await who.get("/v1/tasks", params={"filter": rule})


async def test_a_task_is_opened_read_edited_and_completed(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/tasks", {"title": "Call Ana", "due_business_days": 2})
    assert made.status_code == 201, made.text
    task = made.json()
    assert task["due_at"] == "2026-03-04T09:00:00Z"
    path = f"/v1/tasks/{task['id']}"
    stale = await ws.admin.patch(path, {"priority": "high"}, if_match='"v7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    without = await ws.admin.patch(path, {"priority": "high"}, if_match=None)
    assert without.status_code == 428
    edited = await ws.admin.patch(path, {"priority": "high"}, if_match=made.headers["etag"])
    assert edited.json()["priority"] == "high"
    done = await ws.admin.post(f"{path}/complete", {"outcome": "Renewed"})
    assert (done.json()["status"], done.json()["outcome"]) == ("completed", "Renewed")
    again = await ws.admin.post(f"{path}/complete", {"outcome": "Renewed"})
    assert (again.status_code, again.json()["code"]) == (409, "task_already_ended")


async def test_a_task_for_a_key_role_finds_its_holder_when_the_account_is_heard_of(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    member, account = new_id(), new_id()
    await blocked(tenure, ws, account_id=account)
    async with tenure.workers["accounts"].units.begin(ws.id, BY_TEST) as uow:
        uow.publish(
            MemberChanged(
                id=member,
                version=1,
                full_name="Ana Silva",
                email="ana@northwind.example",
                role="team_member",
                active=True,
            ),
            AccountChanged(
                id=account,
                version=1,
                change="created",
                changed=["name"],
                record=AccountRecord(
                    id=account,
                    external_id=None,
                    organization_id=None,
                    name="Acme",
                    domain=None,
                    arr=None,
                    currency=None,
                    time_zone=None,
                    country=None,
                    lifecycle_status="subscribed",
                    traits={},
                    key_roles={"renewal_manager": [member]},
                ),
            ),
        )
    await tenure.settle()
    mine = (await found(ws.admin, f'assignee_id = "{member}"')).json()["data"]
    assert [task["cause"] for task in mine] == ["no_deal_room"]
    told = (await ws.admin.get(f"/v1/notifications?member_id={member}")).json()["data"]
    assert [notification["kind"] for notification in told] == ["task.assigned"]


async def test_a_task_whose_key_role_is_vacant_says_so_and_admins_hear_of_it(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    acme = await account(ws, "Acme")
    await tenure.settle()
    given = {"title": "Call", "account_id": acme, "assignee_key_role": "csm"}
    task = (await ws.leader.post("/v1/tasks", given)).json()
    assert (task["assignee_id"], task["key_role_vacant"]) == (None, True)
    await ws.leader.post("/v1/tasks", {"title": "For nobody in particular"})

    async def vacant(wanted: str) -> list[str]:
        rule = 'status = "open" and assignee_id is empty and assignee_key_role is not empty'
        listed = await found(ws.observer, rule if wanted == "true" else f"not ({rule})")
        return [row["title"] for row in listed.json()["data"]]

    async def told(who: Client) -> list[tuple[str, str]]:
        listed = (await who.get("/v1/notifications")).json()["data"]
        return [(row["kind"], row["title"]) for row in listed]

    assert (await vacant("true"), await vacant("false")) == (["Call"], ["For nobody in particular"])
    async with tenure.workers["tasks"].units.begin(ws.id, (), read_only=True) as uow:
        assert (await due_work(uow))["tasks_of_vacant_key_roles"] == 1
    assert await told(ws.admin) == [("task.key_role_vacant", "Nobody holds csm: Call")]
    holder = ws.details["observer_id"]
    await ws.admin.patch(f"/v1/accounts/{acme}", {"key_roles": {"csm": [holder]}})
    await tenure.settle()
    assert await vacant("true") == []
    assert await told(ws.observer) == [("task.assigned", "Call")]


async def test_a_breach_is_told_once_when_workspace_time_passes_the_due_instant(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await ws.admin.post("/v1/tasks", {"title": "Call Ana", "due_business_days": 1})
    await tenure.set_clock(ws, START + timedelta(hours=23))
    assert (await found(ws.admin, OVERDUE)).json()["data"] == []
    await tenure.set_clock(ws, START + timedelta(days=1, minutes=1))
    overdue = (await found(ws.admin, OVERDUE)).json()["data"]
    assert overdue[0]["breached_at"] == "2026-03-03T09:01:00Z"


async def test_the_same_idempotency_key_makes_one_task(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    headers = {"idempotency-key": '"call-ana"'}
    first = await ws.admin.post("/v1/tasks", {"title": "Call Ana"}, headers=headers)
    second = await ws.admin.post("/v1/tasks", {"title": "Call Ana"}, headers=headers)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    other = await ws.admin.post("/v1/tasks", {"title": "Call Bo"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await ws.admin.get("/v1/tasks")).json()["data"]) == 1


async def test_every_assignment_is_told_once_also_the_second_to_one_person(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    ana, bo = ws.details["observer_id"], ws.details["admin_id"]
    task = (await ws.admin.post("/v1/tasks", {"title": "Call", "assignee_id": ana})).json()
    for assignee in (bo, ana, ana):
        path = f"/v1/tasks/{task['id']}/reassign"
        answer = await ws.leader.post(path, {"assignee_id": assignee})
        assert answer.json()["assignee_id"] == assignee
    told = (await ws.observer.get("/v1/notifications")).json()["data"]
    assert [row["kind"] for row in told] == ["task.assigned"] * 2
    assert len((await ws.admin.get("/v1/notifications")).json()["data"]) == 1


async def test_notifications_are_for_the_one_who_is_told(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ana, bo = ws.details["observer_id"], ws.details["admin_id"]
    for assignee in (ana, bo):
        await ws.leader.post("/v1/tasks", {"title": "Call", "assignee_id": assignee})
    own = (await ws.observer.get("/v1/notifications")).json()["data"]
    assert [row["member_id"] for row in own] == [ana]
    prying = await ws.observer.get(f"/v1/notifications?member_id={bo}")
    assert (prying.status_code, prying.json()["permission"]) == (403, "members:write")
    keys = await ws.leader.get("/v1/notifications")
    assert keys.json()["errors"][0]["pointer"] == "/query/member_id"
    assert (await ws.leader.get(f"/v1/notifications?member_id={ana}")).status_code == 403
    [others] = (await ws.admin.get(f"/v1/notifications?member_id={ana}")).json()["data"]
    read = await ws.leader.post(f"/v1/notifications/{others['id']}/read")
    assert (read.status_code, read.json()["code"]) == (404, "notification_not_found")
    [mine] = (await ws.admin.get("/v1/notifications")).json()["data"]
    assert (await ws.admin.post(f"/v1/notifications/{mine['id']}/read")).json()["read_at"]


async def test_a_task_may_be_about_what_was_made_a_moment_ago(tenure: Tenure) -> None:
    """Nothing of it was heard yet, so it is asked for; of merged ones it is the winner."""
    ws = await tenure.workspace()
    thing = {"key": "thing", "plural_key": "things", "title": "Thing", "plural_title": "Things"}
    await ws.admin.post("/v1/object-types", thing)
    made = (await ws.admin.post("/v1/objects/thing", {"name": "It"})).json()["id"]
    acme, twin = [await account(ws, name) for name in ("Acme", "Twin")]
    merged = await ws.admin.post(f"/v1/accounts/{acme}/merge", {"loser_id": twin})
    assert merged.status_code == 200, merged.text
    ada = await member(ws, "Ada")
    about = {"subject_type": "thing", "subject_id": made, "account_id": twin, "assignee_id": ada}
    task = await ws.admin.post("/v1/tasks", {"title": "Look", **about})
    assert task.status_code == 201, task.text
    kept = {key: task.json()[key] for key in about}
    assert kept == {**about, "account_id": acme}
    note = await ws.admin.post("/v1/notes", {"title": "Seen", **dict(list(about.items())[:2])})
    assert note.status_code == 201, note.text


async def test_while_accounts_is_away_only_what_was_heard_of_is_taken(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    known = await account(ws, "Known")
    await tenure.settle()
    fresh = await account(ws, "Fresh")

    ask = Service.ask

    async def away(self: Any, peer: Any, method: str, path: str, **more: Any) -> Any:
        if path.startswith("/internal/references"):
            raise OutgoingError("no route to it")
        return await ask(self, peer, method, path, **more)

    monkeypatch.setattr(Service, "ask", away)
    taken = await ws.admin.post("/v1/tasks", {"title": "Call", "account_id": known})
    assert taken.status_code == 201, taken.text
    unsure = await ws.admin.post("/v1/tasks", {"title": "Call", "account_id": fresh})
    assert (unsure.status_code, unsure.headers["retry-after"]) == (503, "5")
    assert len((await ws.admin.get("/v1/tasks")).json()["data"]) == 1


async def test_bad_input_is_refused_with_a_pointer_to_every_fault(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    refused = await ws.admin.post(
        "/v1/tasks", {"title": "", "colour": "red", "due_at": "tomorrow", "tags": ["", 3]}
    )
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    pointers = {fault["pointer"]: fault["code"] for fault in refused.json()["errors"]}
    assert pointers["/colour"] == "unknown_field"
    assert {"/title", "/due_at", "/tags/0", "/tags/1"} <= set(pointers)
    assert (await ws.admin.get("/v1/tasks")).json()["data"] == []


async def test_pages_follow_one_another_without_gap_or_repeat(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for number in range(7):
        due = {"due_at": f"2026-03-0{3 + number % 3}T09:00:00Z"} if number % 2 else {}
        await ws.admin.post("/v1/tasks", {"title": f"Task {number}", **due})
    seen, cursor = [], ""
    while True:
        page = (await ws.admin.get(f"/v1/tasks?limit=2{cursor}")).json()
        seen += [task["title"] for task in page["data"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == [f"Task {number}" for number in range(7)]
    foreign = await ws.admin.get(f"/v1/tasks?sort=title&limit=2{cursor}")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "bad_request")


async def test_an_observer_reads_tasks_and_writes_none(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    assert (await ws.observer.get("/v1/tasks")).status_code == 200
    refused = await ws.observer.post("/v1/tasks", {"title": "Call Ana"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "tasks:write")


async def test_a_leaving_members_tasks_go_to_the_holders_of_their_roles(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    leaver, holder = (UUID(ws.details[f"{role}_id"]) for role in ("admin", "observer"))
    account_id = new_id()
    record = {"name": "Acme", "lifecycle_status": "subscribed", "traits": {}}
    empty = dict.fromkeys(AccountRecord.model_fields.keys() - {*record, "key_roles"})

    def changed(version: int, csm: UUID) -> AccountChanged:
        known = {**empty, **record, "id": account_id, "key_roles": {"csm": [csm]}}
        change = {"id": account_id, "version": version, "change": "updated", "changed": []}
        return AccountChanged.model_validate({**change, "record": known})

    async def tell(*events: Event) -> None:
        async with tenure.workers["accounts"].units.begin(ws.id, BY_TEST) as uow:
            uow.publish(*events)
        await tenure.settle()

    await tell(changed(1, leaver))
    mine = {"assignee_key_role": "csm", "account_id": str(account_id)}
    by_role = (await ws.leader.post("/v1/tasks", {"title": "By role", **mine})).json()
    named = {"title": "By name", "assignee_id": str(leaver), "due_business_days": 2}
    by_name = (await ws.leader.post("/v1/tasks", named)).json()
    assert by_role["assignee_id"] == by_name["assignee_id"] == str(leaver)
    over = {"handover_id": new_id(), "member_id": leaver, "tasks_to": None, "accounts": 1}
    await tell(changed(2, holder), MemberHandedOver.model_validate(over))
    found = {row["id"]: row for row in (await ws.observer.get("/v1/tasks")).json()["data"]}
    assert found[by_role["id"]]["assignee_id"] == str(holder)
    assert found[by_name["id"]]["assignee_id"] is None
    assert found[by_name["id"]]["due_at"] == by_name["due_at"]
    told = (await ws.observer.get("/v1/notifications")).json()["data"]
    assert [row["title"] for row in told] == ["By role"]
