"""One bad item in the middle of a batch costs itself, in every step of the tasks service."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from shared.events.accounts import MemberHandedOver
from shared.events.base import Cause
from shared.events.sync import WebhookEndpointDisabled
from shared.ids import new_id
from shared.net.answers import OutgoingError
from tasks_api import worker
from tasks_api.status import due_work
from tests.accounts_api.customers.key_roles.making import member
from tests.harness import Tenure
from tests.poisoned.poison import Step, Steps, World

SERVICE: Final = "tasks"
BY_TEST = (Cause(type="system", id="test"),)
STEPS = Steps[Step]()
step = STEPS.named


async def tasks(world: World, **more: Any) -> list[str]:
    return [await world.make("/v1/tasks", title=f"Item {n}", **more) for n in range(3)]


async def shown(world: World, ids: list[str], field: str) -> list[Any]:
    answers = [await world.ws.observer.get(f"/v1/tasks/{id_}") for id_ in ids]
    return [answer.json()[field] for answer in answers]


async def replay(world: World) -> int:
    """Of the one event that was set aside: the status of another chance for it."""
    (dead,) = (await world.ws.admin.get("/v1/dead-events/tasks")).json()["data"]
    return (await world.ws.admin.post(f"/v1/dead-events/tasks/{dead['id']}/replay")).status_code


@step("breaches")
async def breaches(world: World) -> None:
    ids = await tasks(world, due_business_days=1)
    async with world.refusing("tasks.tasks", f"id = '{ids[1]}' and breached_at is not null"):
        await world.tenure.set_clock(world.ws, datetime(2026, 3, 4, tzinfo=UTC))
        told = await shown(world, ids, "breached_at")
        assert [at is not None for at in told] == [True, False, True]
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]) == ("breaches", {"task_id": ids[1]})
    await world.retry(SERVICE)
    assert None not in await shown(world, ids, "breached_at")


@step("feed:accounts:0")
async def handover(world: World) -> None:
    """Of one event that moves many tasks, and of the events beside it."""
    grace, ada = await member(world.ws, "Grace"), await member(world.ws, "Ada")
    await world.tenure.settle()
    ids = await tasks(world, assignee_id=grace)
    leaves = {"handover_id": new_id(), "member_id": grace, "tasks_to": ada, "accounts": 0}
    async with world.refusing("tasks.tasks", f"id = '{ids[1]}' and assignee_id = '{ada}'"):
        async with world.tenure.workers["accounts"].units.begin(world.ws.id, BY_TEST) as uow:
            uow.publish(MemberHandedOver.model_validate(leaves))
        await world.tenure.settle()
        assert await shown(world, ids, "assignee_id") == [ada, grace, ada]
        assert await replay(world) == 409
    assert await replay(world) == 200
    assert await shown(world, ids, "assignee_id") == [ada] * 3


@step("feed:accounts:0, tasks that wait for a holder")
async def waiting(world: World) -> None:
    account = await world.make("/v1/accounts", name="Acme")
    ada = await member(world.ws, "Ada")
    await world.tenure.settle()
    ids = await tasks(world, account_id=account, assignee_key_role="csm")
    async with world.refusing("tasks.tasks", f"id = '{ids[1]}' and assignee_id = '{ada}'"):
        path = f"/v1/accounts/{account}"
        await world.ws.admin.patch(path, {"key_roles": {"csm": [ada]}})
        await world.tenure.settle()
        assert await shown(world, ids, "assignee_id") == [ada, None, ada]
        assert await replay(world) == 409
    assert await replay(world) == 200
    assert await shown(world, ids, "assignee_id") == [ada] * 3


@step("feed:sync:0")
async def notified(world: World) -> None:
    admins = [
        await world.make(
            "/v1/members", full_name="A", email=f"{new_id().hex[-8:]}@a.example", role="admin"
        )
        for _ in range(2)
    ]
    await world.tenure.settle()
    everybody = [world.ws.details["admin_id"], *admins]
    spoilt = f"member_id = '{admins[0]}'"
    off = {"id": new_id(), "url_host": "hooks.example", "reason": "It is gone."}
    async with world.refusing("tasks.notifications", spoilt):
        async with world.tenure.workers["sync"].units.begin(world.ws.id, BY_TEST) as uow:
            uow.publish(WebhookEndpointDisabled.model_validate(off))
        await world.tenure.settle()
        assert await told(world, *everybody) == {everybody[0], admins[1]}
        assert await replay(world) == 409
    assert await replay(world) == 200
    assert await told(world, *everybody) == set(everybody)


async def told(world: World, *members: str) -> set[str]:
    found = set()
    for one in members:
        listed = await world.ws.admin.get(f"/v1/notifications?member_id={one}")
        found |= {row["member_id"] for row in listed.json()["data"]}
    return found


@step("note-fields")
async def note_fields(world: World) -> None:
    ids = [await world.make("/v1/accounts", name=f"Item {n}") for n in range(3)]
    await world.tenure.settle()
    field = {"key": "name", "label": "Name", "field": "name"}
    await world.ws.admin.post("/v1/note-templates", {"key": "t", "title": "T", "fields": [field]})
    about = {"template_key": "t", "subject_type": "account", "title": "N"}
    answers = {"field_values": {"name": "Written"}, "record_versions": {"subject": 1}}
    peers = world.tenure.apps["tasks"].state.service.peers
    request = peers.request

    async def cut(method: str, url: str, **options: Any) -> Any:
        if url.endswith("/internal/records/patch"):
            raise OutgoingError("The link broke.")
        return await request(method, url, **options)

    peers.request = cut
    made = [
        await world.ws.admin.post("/v1/notes", {**about, **answers, "subject_id": id_})
        for id_ in ids
    ]
    peers.request = request
    assert [answer.status_code for answer in made] == [202] * 3
    notes = [answer.json()["id"] for answer in made]
    spoilt = f"id = '{notes[1]}' and field_write <> 'pending'"
    async with world.refusing("tasks.notes", spoilt):
        await world.tenure.settle()
        assert await written(world, notes) == ["written", "pending", "written"]
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]) == ("note_fields", {"note_id": notes[1]})
    await world.retry(SERVICE)
    assert await written(world, notes) == ["written"] * 3


async def written(world: World, ids: list[str]) -> list[str]:
    answers = [await world.ws.admin.get(f"/v1/notes/{id_}") for id_ in ids]
    return [answer.json()["field_write"] for answer in answers]


@step("trait-values")
async def trait_values(world: World) -> None:
    keys = ["a", "b", "c"]
    for key in keys:
        shape = {"record_type": "task", "key": key, "title": key, "type": "string"}
        await world.make("/v1/traits", **shape)
    await world.tenure.settle()
    task = await world.make("/v1/tasks", title="T", traits=dict.fromkeys(keys, "1"))
    async with world.refusing("tasks.tasks", "jsonb_typeof(traits -> 'b') = 'number'"):
        for key in keys:
            path, match = f"/v1/traits/task.{key}", {"if-match": "*"}
            changed = await world.ws.admin.patch(path, {"type": "number"}, headers=match)
            assert changed.status_code == 200, changed.text
        await world.tenure.settle()
        assert await shown(world, [task], "traits") == [{"a": 1, "b": "1", "c": 1}]
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]["key"]) == ("trait_values", "b")
        units = world.tenure.workers["tasks"].units
        async with units.begin(world.ws.id, BY_TEST, read_only=True) as uow:
            assert (await due_work(uow))["traits_to_convert"] == 1
    await world.retry(SERVICE)
    assert await shown(world, [task], "traits") == [dict.fromkeys(keys, 1)]


ELSEWHERE = {"feed:sequencer:0": "the same reader; each of its events is about one thing"}


@pytest.mark.parametrize("name", STEPS)
async def test_a_bad_item_in_the_middle_costs_itself(tenure: Tenure, name: str) -> None:
    await STEPS[name](World(tenure, await tenure.workspace()))


def test_every_loop_is_tried(tenure: Tenure) -> None:
    loops = {loop.name for loop in worker.loops(tenure.workers[SERVICE])}
    assert loops - set(STEPS) - set(ELSEWHERE) == set()
