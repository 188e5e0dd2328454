"""What becomes of the values of tasks and notes when their trait is another one, or goes."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.events.traits import TraitChanged
from tasks_api.records.trait_values import service
from tasks_api.records.traits import service as traits
from tasks_api.work.tasks import service as tasks
from tests.harness import Tenure
from tests.tasks_api.records.traits.making import EFFORT, world

KINDS = pytest.mark.parametrize("kind", ["task", "note"])


@KINDS
async def test_another_type_converts_the_values_or_is_refused(
    tenure: Tenure, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    w = await world(tenure, kind)
    await w.define("hours", "string")
    await w.known()
    values = ["1", "2.5", "3,000", "about 4", "5"]
    made = [await w.make({"hours": value}) for value in values]
    trait = f"/v1/traits/{kind}.hours"
    preview = (await w.ws.admin.post(f"{trait}/preview-type", {"type": "number"})).json()
    assert (preview["convertible"], preview["unconvertible"]) == (4, 1)
    assert [one["value"] for one in preview["samples"]] == ["about 4"]
    refused = await w.change("hours", {"type": "number"})
    assert (refused.status_code, refused.json()["code"]) == (409, "values_would_be_lost")
    assert refused.json()["lost"] == 1
    forced = await w.change("hours", {"type": "number"}, force="true")
    assert forced.status_code == 200, forced.text
    await tenure.settle()
    kept = [await w.traits_of(one["id"]) for one in made]
    assert kept == [{"hours": 1}, {"hours": 2.5}, {"hours": 3000}, {}, {"hours": 5}]
    path = f"{w.path}/{made[3]['id']}"
    [last, *_] = (await w.ws.admin.get(f"{path}/history")).json()["data"]
    assert (last["field"], last["old"], last["new"]) == ("traits.hours", "about 4", None)
    assert last["cause"][-1]["label"] == "hours was changed"
    assert await w.titles(filter="traits.hours > 1000") == ["It"]
    assert await w.refusal({"hours": "6"}) == [("/traits/hours", "wrong_type")]


@KINDS
async def test_an_option_in_use_is_taken_away_knowingly(tenure: Tenure, kind: str) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.known()
    large = await w.make({"effort": "large"})
    small = await w.make({"effort": "small"})
    only = {"options": [{"value": "small"}]}
    refused = await w.change("effort", only)
    assert refused.json()["code"] == "values_would_be_lost"
    assert (await w.change("effort", only, force="true")).status_code == 200
    await tenure.settle()
    assert await w.traits_of(large["id"]) == {}
    assert await w.traits_of(small["id"]) == {"effort": "small"}
    shown = (await w.ws.admin.get(f"{w.path}/{small['id']}")).json()
    assert shown["version"] == 1, "what fits is left alone"


@KINDS
async def test_a_used_trait_is_deleted_by_force_and_its_key_is_free_afterwards(
    tenure: Tenure, kind: str
) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.known()
    made = await w.make({"effort": "large"})
    usages = (await w.ws.admin.get(f"/v1/traits/{kind}.effort/usages")).json()
    assert (usages["records"], usages["not_asked"]) == (1, [])
    refused = await w.delete("effort")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert (await w.delete("effort", force="true")).status_code == 204
    again = {"record_type": kind, "key": "effort", "title": "Effort", "type": "number"}
    taken = await w.ws.admin.post("/v1/traits", again)
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken"), "values are still there"
    await tenure.settle()
    assert await w.traits_of(made["id"]) == {}
    assert await w.refusal({"effort": "large"}) == [("/traits/effort", "unknown_trait")]
    assert (await w.ws.admin.post("/v1/traits", again)).status_code == 201
    await w.known()
    assert (await w.make({"effort": 3}))["traits"] == {"effort": 3}
    log = (await w.ws.admin.get("/v1/audit-log")).json()["data"]
    assert {"trait.created", "trait.deleted"} <= {entry["action"] for entry in log}


async def test_tasks_and_notes_have_no_formulas_and_name_no_contacts(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for kind in ("task", "note"):
        body = {"record_type": kind, "key": "x", "title": "X"}
        formula = {"type": "formula", "formula": "1 + 1", "result_type": "number"}
        for more in (formula, {"type": "contact"}):
            refused = await ws.admin.post("/v1/traits", {**body, **more})
            assert refused.status_code == 422
            assert [(f["pointer"], f["code"]) for f in refused.json()["errors"]] == [
                ("/type", "not_applicable")
            ]
        made = await ws.admin.post("/v1/traits", {**body, "type": "string"})
        assert made.status_code == 201
        refused = await ws.admin.patch(f"/v1/traits/{kind}.x", formula, headers={"if-match": "*"})
        assert refused.status_code == 422
    listed = await ws.admin.get("/v1/traits", params={"record_type": "task"})
    assert [trait["key"] for trait in listed.json()["data"]] == ["x"]


_WAITING = text(
    "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    " and database = (select oid from pg_database where datname = current_database())"
)


async def test_a_definition_waits_for_who_writes_by_the_one_before(tenure: Tenure) -> None:
    w = await world(tenure, "task")
    await w.define("hours", "string")
    await w.known()
    units = tenure.workers["tasks"].units
    async with units.begin(w.ws.id, ()) as writing:
        await traits.hold(writing, "task")
        assert (await w.change("hours", {"type": "number"})).status_code == 200
        hearing = asyncio.create_task(w.known())
        while True:  # until the database itself says that it waits: nothing else tells
            async with units.across_workspaces(read_only=True) as scope:
                if await scope.one_value(int, _WAITING):
                    break
            await asyncio.sleep(0.005)
        late, _ = await tasks.open_task(
            writing,
            {"title": "Late", "opened_by": {"type": "person", "id": "x"}, "traits": {"hours": "7"}},
        )
    await hearing
    await tenure.settle()
    assert await w.traits_of(str(late.id)) == {"hours": 7}


async def test_a_change_that_is_heard_twice_or_late_changes_nothing(tenure: Tenure) -> None:
    w = await world(tenure, "task")
    await w.define("hours", "string")
    await w.known()
    made = await w.make({"hours": "1"})
    async with tenure.workers["tasks"].units.begin(w.ws.id, (), read_only=True) as uow:
        before = await traits.definitions_of(uow, "task")
    assert (await w.change("hours", {"type": "number"})).status_code == 200
    await tenure.settle()
    late = TraitChanged(
        id=UUID(before["hours"].id),
        record_type="task",
        key="hours",
        title="hours",
        definition=before["hours"].as_json(),
        deleted=False,
        version=1,
    )
    async with tenure.workers["tasks"].units.begin(w.ws.id, ()) as uow:
        await traits.copy_trait(uow, late)
    await tenure.settle()
    assert await w.traits_of(made["id"]) == {"hours": 1}
    assert (await w.make({"hours": 2}))["traits"] == {"hours": 2}
