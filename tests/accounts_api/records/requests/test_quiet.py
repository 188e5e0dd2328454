"""Writes that start nothing: what follows from them carries their batch, in every event."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from accounts_api.evaluation.engine.rules import Change, ChangePath, Starts, last_changes
from shared.clock import utc_now
from shared.ids import new_id
from shared.quiet import quiet_batch_of
from tests.accounts_api.customers.imports.making import begin
from tests.accounts_api.records.making import events_of
from tests.harness import Tenure, Workspace

PATH = "/v1/accounts/bulk"


async def batches(tenure: Tenure, ws: Workspace, name: str) -> list[UUID | None]:
    """Of the events of one name, oldest first."""
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        published = text(
            "select cause from events where workspace_id = :workspace_id and name = :name"
            " order by xid, seq"
        )
        return [quiet_batch_of(cause) for cause in await uow.values(list, published, name=name)]


async def managed(ws: Workspace) -> None:
    segment = {"title": "Large", "record_type": "account", "rule": "arr > 100 USD"}
    assert (await ws.admin.post("/v1/segments", segment)).status_code == 201


async def write(ws: Workspace, **said: Any) -> dict[str, Any]:
    rows = [{"external_id": new_id().hex, "name": "Acme", "arr": 20_000, "currency": "USD"}]
    done = await ws.admin.post(PATH, {"rows": rows, **said})
    assert done.status_code == 200, done.text
    return dict(done.json())


async def test_what_follows_from_a_quiet_write_is_quiet(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await managed(ws)
    batch_id = str(new_id())
    quiet = await write(ws, automation="quiet", quiet_batch={"id": batch_id, "title": "Ours"})
    assert quiet["quiet_batch_id"] == batch_id
    again = await write(ws, automation="quiet", quiet_batch={"id": batch_id})
    own = await write(ws, automation="quiet")
    dry = await write(ws, automation="quiet", dry_run=True)
    aloud = await write(ws)
    assert (again["quiet_batch_id"], aloud["quiet_batch_id"]) == (batch_id, None)
    assert dry["quiet_batch_id"] not in {batch_id, own["quiet_batch_id"], None}
    await tenure.settle()
    expected = [UUID(batch_id), UUID(batch_id), UUID(own["quiet_batch_id"]), None]
    assert await batches(tenure, ws, "accounts.account_changed.v1") == expected
    entered = await batches(tenure, ws, "accounts.segment_entered.v1")
    assert Counter(entered) == Counter(expected), "evaluated together, they come in any order"
    opened = await events_of(tenure, ws, "accounts.quiet_batch_opened.v1")
    assert [(each["id"], each["title"]) for each in opened] == [
        (batch_id, "Ours"),
        (batch_id, "Bulk write of accounts"),
        (own["quiet_batch_id"], "Bulk write of accounts"),
    ]


async def test_only_a_quiet_write_has_a_batch(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [{"external_id": "a", "name": "Acme"}]
    said = {"rows": rows, "quiet_batch": {"title": "Ours"}}
    answer = await ws.admin.post(PATH, said)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/quiet_batch"
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []


@pytest.mark.parametrize("automation", ["quiet", "run", None])
async def test_an_import_is_quiet_unless_it_says_run(
    tenure: Tenure, automation: str | None
) -> None:
    ws = await tenure.workspace()
    await managed(ws)
    said: dict[str, Any] = {"automation": automation} if automation else {}
    job = await begin(ws, "account", "External ID,Name,ARR,Currency\na-1,Acme,20000,USD\n", **said)
    assert job["automation"] == (automation or "quiet")
    path = f"/v1/imports/{job['id']}"
    preview = (await ws.observer.get(f"{path}/preview")).json()
    assert [(each["title"], each["records"]) for each in preview["segments"]] == [("Large", 1)]
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    assert (await ws.team_member.post(f"{path}/start", headers={"if-match": "*"})).is_success
    await tenure.settle()
    expected = None if automation == "run" else UUID(job["id"])
    for name in ("accounts.account_changed.v1", "accounts.segment_entered.v1"):
        assert await batches(tenure, ws, name) == [expected]
    assert await batches(tenure, ws, "accounts.import_finished.v1") == [None]


def change(number: int, record_id: UUID, *, quiet: bool) -> Change:
    link = {"type": "quiet_batch", "id": str(new_id())} if quiet else {"type": "member", "id": "m"}
    return Change(number, "account", record_id, ("arr",), utc_now(), [link])


@pytest.mark.parametrize(
    ("quiet", "expected"), [((False, False), 2), ((True, False), 1), ((True, True), 2)]
)
def test_of_changes_that_are_evaluated_together_a_quiet_one_is_the_trigger(
    quiet: tuple[bool, bool], expected: int
) -> None:
    record_id = new_id()
    changes = [change(number, record_id, quiet=each) for number, each in enumerate(quiet, 1)]
    path = ChangePath(changes[0].shape, "account", ())
    starts: Starts = {("account", ()): {record_id: [record_id]}}
    found = last_changes(frozenset([path]), {path.shape: changes}, starts)
    assert found[record_id].change.id == expected
