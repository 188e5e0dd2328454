"""Rows of another platform become tasks and notes, and the same rows again change nothing."""

from typing import Any

import pytest
from sqlalchemy import text

from shared.ids import new_id
from tests.accounts_api.customers.key_roles.making import member
from tests.accounts_api.records.making import make
from tests.harness import Tenure, Workspace
from tests.tasks_api.records.making import BULK, acme, as_member, faults, row, write

KINDS = pytest.mark.parametrize("kind", ["task", "note"])
OLD = "2021-05-02T08:00:00Z"


async def counted(tenure: Tenure, ws: Workspace, table: str) -> int:
    async with tenure.workers["tasks"].units.begin(ws.id, (), read_only=True) as uow:
        count = text(f"select count(*) from {table} where workspace_id = :workspace_id")
        return await uow.one_value(int, count)


@KINDS
async def test_the_same_rows_again_change_nothing(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    author = ws.details["observer_id"]
    rows = [row(n, author_id=author, authored_at=OLD, source="catalyst") for n in range(30)]
    first = await write(ws.admin, kind, rows)
    assert (first["created"], first["rejected"]) == (30, 0), first
    told = [await counted(tenure, ws, table) for table in ("events", "field_changes")]
    again = await write(ws.admin, kind, rows)
    assert again["unchanged"] == 30
    assert [(r["id"], r["version"]) for r in again["results"]] == [
        (r["id"], 1) for r in first["results"]
    ]
    assert told == [await counted(tenure, ws, table) for table in ("events", "field_changes")]
    shown = (await ws.admin.get(f"/v1/{kind}s/{first['results'][3]['id']}")).json()
    assert (shown["author_id"], shown["authored_at"], shown["source"]) == (author, OLD, "catalyst")


@KINDS
async def test_a_bad_row_costs_itself_alone(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    rows: list[Any] = [
        row(0),
        row(1, title=7),
        row(2, subject_external_id="nowhere"),
        row(3, subject_type="nothing"),
        row(4, subject_id=str(new_id())),
        row(5, author_id=str(new_id())),
        row(6, authored_at="2030-01-01T00:00:00Z"),
        {"title": "Nobody"},
        {"id": str(new_id()), "title": "Gone"},
        "no row",
        {"external_id": "old-10", "subject_type": "account", "subject_external_id": "crm-1"},
        row(11, account_external_id="nowhere"),
        row(12),
    ]
    written = await write(ws.admin, kind, rows)
    results = written["results"]
    assert [one["status"] for one in results] == ["created", *["rejected"] * 11, "created"]
    assert [faults(one) for one in results[1:8]] == [
        [("/rows/1/title", "string_type")],
        [("/rows/2/subject_external_id", "unknown_record")],
        [("/rows/3/subject_type", "unknown_record_type")],
        [("/rows/4/subject_external_id", "one_of"), ("/rows/4/subject_id", "unknown_record")],
        [("/rows/5/author_id", "unknown_member")],
        [("/rows/6/authored_at", "in_the_future")],
        [("/rows/7", "no_identity")],
    ]
    assert results[8]["code"] == f"{kind}_not_found"
    assert faults(results[10]) == [("/rows/10/title", "required")]
    assert faults(results[11]) == [("/rows/11/account_external_id", "unknown_record")]
    listed = (await ws.admin.get(f"/v1/{kind}s")).json()["data"]
    assert {one["external_id"] for one in listed} == {"old-0", "old-12"}


@KINDS
async def test_nobody_writes_as_another_without_the_permission(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    account = await acme(ws)
    lee, as_lee = await as_member(tenure, ws, "leader")
    ann, as_ann = await as_member(tenure, ws, "team_member")
    other, when = {"author_id": lee}, {"authored_at": OLD}
    for client in (ws.leader, ws.team_member, as_ann):
        written = await write(client, kind, [row(0, **other), row(1, **when)])
        assert [one["code"] for one in written["results"]] == ["forbidden", "forbidden"]
        assert faults(written["results"][0]) == [("/rows/0/author_id", "forbidden")]
        assert faults(written["results"][1]) == [("/rows/1/authored_at", "forbidden")]
    about = {"subject_type": "account", "subject_id": account["id"], "title": "Mine"}
    for said in (other, when):
        for refused in (
            await as_ann.put(f"/v1/{kind}s/by-external-id/old-9", {**about, **said}),
            await as_ann.post(f"/v1/{kind}s", {**about, **said}),
        ):
            assert (refused.status_code, refused.json()["permission"]) == (403, "members:write")
            assert refused.json()["errors"][0]["pointer"] == f"/{next(iter(said))}"
    assert (await write(as_ann, kind, [row(2)]))["created"] == 1
    assert (await named(ws, kind, 2))["author_id"] == ann, "whoever wrote it"
    repeated = await write(as_lee, kind, [row(2, author_id=ann), row(3, author_id=lee)])
    assert [one["status"] for one in repeated["results"]] == ["unchanged", "created"]
    taken = await write(as_lee, kind, [row(2, author_id=lee)])
    assert taken["results"][0]["code"] == "forbidden", "nor takes what another wrote"


async def named(ws: Workspace, kind: str, number: int) -> dict[str, Any]:
    answer = await ws.admin.get(f"/v1/{kind}s/by-external-id/old-{number}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@KINDS
async def test_rows_of_one_record_build_on_each_other(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    written = await write(ws.admin, kind, [row(1, title="A"), row(1, title="B", tags=["x"])])
    assert [one["status"] for one in written["results"]] == ["created", "updated"]
    assert {one["version"] for one in written["results"]} == {1}
    there_and_back = await write(ws.admin, kind, [row(1, title="C"), row(1, title="B")])
    assert there_and_back["unchanged"] == 2
    both = await write(ws.admin, kind, [row(1, title="D"), row(1, title="D", category="calls")])
    assert {one["version"] for one in both["results"]} == {2}
    path = f"/v1/{kind}s/{both['results'][0]['id']}"
    told = (await ws.admin.get(f"{path}/history")).json()["data"]
    assert [(one["field"], one["old"], one["new"]) for one in told] == [
        ("category", None, "calls"),
        ("title", "B", "D"),
        ("created", None, None),
    ]
    assert told[0]["cause"][0]["type"] in {"member", "api_key"}


@KINDS
async def test_a_put_creates_and_then_updates_with_an_etag(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    path = f"/v1/{kind}s/by-external-id/a%2Fb"
    body = {"title": "One", "subject_type": "account", "subject_external_id": "crm-1"}
    made = await ws.team_member.put(path, body)
    assert (made.status_code, made.headers["etag"]) == (201, '"v1"'), made.text
    assert made.headers["location"] == f"/v1/{kind}s/{made.json()['id']}"
    same = await ws.team_member.put(path, body)
    assert (same.status_code, same.headers["etag"]) == (200, '"v1"')
    renamed = await ws.team_member.put(path, {"title": "Two"}, headers={"if-match": '"v1"'})
    assert (renamed.json()["title"], renamed.headers["etag"]) == ("Two", '"v2"')
    stale = await ws.team_member.put(path, {"title": "Three"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    assert (await ws.team_member.get(path)).json()["external_id"] == "a/b"
    plain = await ws.team_member.post(
        f"/v1/{kind}s",
        {"title": "Four", "external_id": "a/b", **about(made.json())},
    )
    assert (plain.status_code, plain.json()["code"]) == (409, "external_id_taken")


def about(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: shown[name] for name in ("subject_type", "subject_id")}


@KINDS
async def test_a_dry_run_answers_and_stores_nothing(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    rows = [row(0), row(1, title=5)]
    planned = await write(ws.admin, kind, rows, dry_run=True)
    assert (planned["created"], planned["rejected"]) == (1, 1)
    assert (await ws.admin.get(f"/v1/{kind}s")).json()["data"] == []
    assert await counted(tenure, ws, "field_changes") == 0


@KINDS
async def test_a_repeated_call_with_its_key_gets_the_first_answer(
    tenure: Tenure, kind: str
) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    headers = {"idempotency-key": new_id().hex}
    bodies = [
        (await ws.admin.post(BULK[kind], {"rows": [row(0)]}, headers=headers)).json()
        for _ in range(2)
    ]
    assert bodies[0] == bodies[1]
    assert bodies[0]["created"] == 1


@KINDS
async def test_what_is_about_an_object_of_ones_own_follows_it(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post(
        "/v1/object-types",
        {"key": "ticket", "plural_key": "tickets", "title": "Ticket", "plural_title": "Tickets"},
    )
    assert made.status_code == 201, made.text
    one = await make(ws, "objects/ticket", {"name": "T1", "external_id": "t-1"})
    two = await make(ws, "objects/ticket", {"name": "T2", "external_id": "t-2"})
    said = {"subject_type": "ticket", "subject_external_id": "t-1"}
    assert (await write(ws.admin, kind, [row(0, **said)]))["created"] == 1
    path = f"/v1/objects/ticket/{two['id']}/merge"
    merged = await ws.admin.post(path, {"loser_id": one["id"]})
    assert merged.status_code == 200, merged.text
    await tenure.settle()
    shown = await named(ws, kind, 0)
    assert shown["subject_id"] == two["id"]
    assert (await write(ws.admin, kind, [row(0, **said)]))["unchanged"] == 1
    told = (await ws.admin.get(f"/v1/{kind}s/{shown['id']}/history")).json()["data"]
    assert (told[0]["field"], told[0]["new"]) == ("subject_id", two["id"])
    assert (await ws.admin.delete(f"/v1/objects/ticket/{two['id']}")).status_code == 204
    await tenure.settle()
    assert (await ws.admin.get(f"/v1/{kind}s")).json()["data"] == []


async def test_a_finished_task_of_2023_arrives_finished(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    left = await member(ws, "Grace")
    assert (await ws.admin.post(f"/v1/members/{left}/deactivate")).status_code == 200
    await tenure.settle()
    done = {
        "status": "completed",
        "authored_at": "2023-05-02T08:00:00Z",
        "ended_at": "2023-05-11T15:30:00Z",
        "ended_by": left,
        "assignee_id": left,
        "outcome": "Renewed",
    }
    rows = [row(0, **done), row(1, assignee_id=left), row(2, ended_at=OLD)]
    written = await write(ws.admin, "task", rows)
    assert [faults(one) for one in written["results"]] == [
        [],
        [("/rows/1/assignee_id", "unknown_member")],
        [("/rows/2/ended_at", "contradiction")],
    ]
    shown = await named(ws, "task", 0)
    assert {name: shown[name] for name in done} == done
    again = await write(ws.admin, "task", [row(0, **done), row(0, status="open")])
    assert [one["status"] for one in again["results"]] == ["unchanged", "rejected"]
    assert again["results"][1]["code"] == "task_already_ended"
    early = await write(ws.admin, "task", [row(3, **{**done, "ended_at": OLD})])
    assert faults(early["results"][0]) == [("/rows/0/ended_at", "before_authored_at")]


async def test_a_quiet_write_notifies_nobody_and_breaches_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    late = {"assignee_id": ws.details["observer_id"], "due_at": "2024-01-01T00:00:00Z"}
    batch = {"id": str(new_id()), "title": "Ours"}
    quiet = await write(ws.admin, "task", [row(0, **late)], automation="quiet", quiet_batch=batch)
    assert quiet["quiet_batch_id"] == batch["id"]
    await tenure.settle()
    path = f"/v1/notifications?member_id={ws.details['observer_id']}"
    assert (await ws.admin.get(path)).json()["data"] == []
    events = (await ws.admin.get("/v1/events?types=task.opened,task.breached")).json()["data"]
    assert [(one["type"], one["quiet_batch_id"]) for one in events] == [
        ("task.opened", batch["id"])
    ]
    assert (await named(ws, "task", 0))["breached_at"] is not None
    await write(ws.admin, "task", [row(1, **late)])
    await tenure.settle()
    told = (await ws.admin.get(path)).json()["data"]
    assert [one["title"] for one in told] == ["Number 1"]


async def test_tasks_and_notes_alone_make_a_quiet_batch_that_holds_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    ids = [str(new_id()) for _ in range(3)]
    for place, (kind, title) in enumerate((("task", None), ("note", "Notes of 2021"))):
        batch = {"id": ids[place], **({"title": title} if title else {})}
        await write(ws.admin, kind, [row(place)], automation="quiet", quiet_batch=batch)
    tried = {"automation": "quiet", "quiet_batch": {"id": ids[2]}, "dry_run": True}
    await write(ws.admin, "note", [row(2)], **tried)
    await tenure.settle()
    batches = (await ws.admin.get("/v1/quiet-batches")).json()["data"]
    assert {one["id"]: one["title"] for one in batches} == {
        ids[0]: "Bulk write of tasks",
        ids[1]: "Notes of 2021",
    }
    assert {(one["held"], one["cause"][0]["type"]) for one in batches} == {(0, "member")}
    released = await ws.admin.post(f"/v1/quiet-batches/{ids[0]}/release", {})
    assert (released.status_code, released.json()["code"]) == (409, "nothing_to_release")


async def test_notes_are_listed_by_when_they_were_written(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    years = (2021, 2024, 2022, 2023)
    rows = [row(year, authored_at=f"{year}-02-01T00:00:00Z") for year in years]
    await write(ws.admin, "note", [row(0), *rows])
    pages: list[str] = []
    cursor = ""
    while True:
        page = (await ws.admin.get(f"/v1/notes?limit=2{cursor}")).json()
        pages += [note["external_id"] for note in page["data"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == ["old-0", "old-2024", "old-2023", "old-2022", "old-2021"]
    assert (await named(ws, "note", 2021))["noted_on"] == "2021-02-01"
    filtered = await ws.admin.get(
        "/v1/notes", params={"filter": "source is empty and authored_at < 2023-01-01"}
    )
    assert filtered.status_code == 200, filtered.text
    assert len(filtered.json()["data"]) == 2


async def test_a_private_note_of_another_is_written_by_rows_of_admins_alone(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    lee, as_lee = await as_member(tenure, ws, "leader")
    said = row(0, private=True, author_id=lee, body="<p>Secret</p>")
    assert (await write(ws.admin, "note", [said]))["created"] == 1
    assert (await write(ws.admin, "note", [said]))["unchanged"] == 1
    put = await ws.admin.put("/v1/notes/by-external-id/old-0", {})
    assert (put.status_code, put.json()["code"]) == (409, "external_id_taken")
    assert (await ws.admin.get("/v1/notes/by-external-id/old-0")).status_code == 404
    refused = await write(ws.team_member, "note", [row(0, title="Mine")])
    assert refused["results"][0]["code"] == "external_id_taken"
    assert refused["results"][0]["id"] is None
    seen = await as_lee.get("/v1/notes/by-external-id/old-0")
    assert seen.json()["body"] == "<p>Secret</p>"
    by_id = f"/v1/notes/{seen.json()['id']}/history"
    assert (await ws.team_member.get(by_id)).status_code == 404
    assert (await as_lee.get(by_id)).status_code == 200


@KINDS
async def test_what_comes_about_an_ignored_account_is_in_no_list(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace()
    account = await acme(ws)
    rule = {"title": "Not ours", "status": "ignored", "rule": 'name = "Acme"'}
    ignoring = await make(ws, "lifecycle-rules", rule)
    await make(ws, "accounts", {"name": "Initech", "external_id": "crm-2"})
    await tenure.settle()
    rows = [row(0), row(1, subject_external_id="crm-2"), row(2, account_external_id="crm-2")]
    assert (await write(ws.admin, kind, rows))["created"] == 3
    about = {"subject_type": "account", "subject_id": account["id"], "title": "By hand"}
    assert (await ws.admin.post(f"/v1/{kind}s", about)).status_code == 201

    async def listed() -> set[str]:
        found = (await ws.admin.get(f"/v1/{kind}s")).json()["data"]
        return {one["title"] for one in found}

    assert await listed() == {"Number 1"}
    moved = [row(0, subject_external_id="crm-2"), row(1, account_external_id="crm-1")]
    assert (await write(ws.admin, kind, moved))["updated"] == 2
    assert await listed() == {"Number 0"}
    assert (await ws.admin.delete(f"/v1/lifecycle-rules/{ignoring['id']}")).status_code == 204
    await tenure.settle()
    assert await listed() == {"Number 0", "Number 1", "Number 2", "By hand"}


async def test_a_note_that_somebody_deleted_comes_back_only_on_purpose(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await acme(ws)
    rows = [row(0), row(1)]
    (made, _) = (await write(ws.admin, "note", rows))["results"]
    deleted = await ws.admin.delete(f"/v1/notes/{made['id']}", headers={"if-match": "*"})
    assert deleted.status_code == 204
    for dry_run in (True, False):
        again = await write(ws.admin, "note", rows, dry_run=dry_run)
        assert [one.get("code") for one in again["results"]] == ["deleted_by_person", None]
    path = "/v1/notes/by-external-id/old-0"
    body = {name: value for name, value in row(0).items() if name != "external_id"}
    refused = await ws.admin.put(path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "deleted_by_person")
    anew = await ws.admin.put(path, {**body, "restore": True})
    assert anew.status_code == 201, anew.text
    assert anew.json()["id"] != made["id"]
    again = await write(ws.admin, "note", rows)
    assert again["unchanged"] == 2
