"""One bad item in the middle of a batch costs itself, in every step of the accounts service."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from accounts_api import worker
from accounts_api.customers.import_reading.rules import Reading
from accounts_api.evaluation.rule_kinds.evaluators import EVALUATION_ORDER
from accounts_api.subscriptions import SUBSCRIPTIONS
from shared.events.base import Cause
from shared.events.sequences import ContactUnsubscribed
from shared.ids import new_id
from tests.accounts_api.automation.segments.making import members
from tests.accounts_api.customers.key_roles.making import holders, member, rule
from tests.accounts_api.records.making import bulk
from tests.harness import Tenure
from tests.poisoned.health import STEPS as OF_HEALTH
from tests.poisoned.indicators import STEPS as OF_INDICATORS
from tests.poisoned.poison import Step, Steps, World
from tests.poisoned.signals import STEPS as OF_SIGNALS

SERVICE: Final = "accounts"
BY_TEST = (Cause(type="system", id="test"),)
STEPS = Steps[Step](OF_SIGNALS | OF_INDICATORS | OF_HEALTH)
"""By name: what is done to many, of whom one cannot be stored."""
step = STEPS.named


async def held_records(world: World) -> list[tuple[str, str]]:
    return [(row["step"], row["about"]["record_id"]) for row in await world.held(SERVICE)]


async def segment(world: World, **more: Any) -> str:
    rule = 'name starts with "Item"'
    return await world.make("/v1/segments", title="S", record_type="account", rule=rule, **more)


@step("rules: segment, changed records")
async def changed(world: World) -> None:
    watched = await segment(world)
    await world.tenure.settle()
    a, b, c = await world.accounts()
    async with world.refusing("accounts.segment_members", f"record_id = '{b}'"):
        await world.tenure.settle()
        assert await members(world.ws, watched) == {a, c}
        assert await held_records(world) == [("rules", b)]
    await world.retry(SERVICE)
    assert await members(world.ws, watched) == {a, b, c}


@step("corrections")
async def another_past(world: World) -> None:
    began = datetime(2026, 3, 5, 9, tzinfo=UTC)
    await world.tenure.set_clock(world.ws, began)
    watched = await segment(world)
    ids = await world.accounts()
    late = {"name": "Gone", "effective_at": (began + timedelta(days=1)).isoformat()}
    async with world.refusing("accounts.segment_members", f"record_id = '{ids[1]}' and corrected"):
        for days, fields in ((4, {"name": "Other"}), (5, late)):
            await world.tenure.set_clock(world.ws, began + timedelta(days=days))
            await bulk(world.ws, "accounts", [{"id": id_, **fields} for id_ in ids])
            await world.tenure.settle()
    then = {"as_of": (began + timedelta(days=2)).isoformat()}
    assert await members(world.ws, watched, **then) == {ids[1]}
    assert await held_records(world) == [("corrections", ids[1])]
    await world.retry(SERVICE)
    assert await members(world.ws, watched, **then) == set()


@step("rules: segment, every record")
async def swept(world: World) -> None:
    a, b, c = await world.accounts()
    await world.tenure.settle()
    async with world.refusing("accounts.segment_members", f"record_id = '{b}'"):
        watched = await segment(world)
        await world.tenure.settle()
        assert await members(world.ws, watched) == {a, c}
        assert await held_records(world) == [("rules", b)]
    await world.retry(SERVICE)
    assert await members(world.ws, watched) == {a, b, c}


@step("rules: segment, the time came")
async def due(world: World) -> None:
    soon = {"record_type": "account", "key": "soon", "title": "Soon", "type": "date"}
    await world.make("/v1/traits", **soon)
    body = {"title": "S", "record_type": "account", "rule": "traits.soon <= today"}
    watched = await world.make("/v1/segments", **body)
    a, b, c = await world.accounts(traits={"soon": "2026-03-10"})
    await world.tenure.settle()
    async with world.refusing("accounts.segment_members", f"record_id = '{b}'"):
        await world.tenure.set_clock(world.ws, datetime(2026, 3, 11, tzinfo=UTC))
        assert await members(world.ws, watched) == {a, c}
        assert await held_records(world) == [("rules", b)]
    await world.retry(SERVICE)
    assert await members(world.ws, watched) == {a, b, c}


@step("rules: segment that cannot be judged at all")
async def bad_rule(world: World) -> None:
    """The rule is to blame: it says so, and the other segment is filled."""
    watched = await segment(world)
    other = {"title": "T", "record_type": "account", "rule": 'name starts with "Item"'}
    fine = await world.make("/v1/segments", **other)
    async with world.refusing("accounts.segment_members", f"segment_id = '{watched}'"):
        made = [await world.make("/v1/accounts", name=f"Item {n}") for n in range(12)]
        await world.tenure.settle()
        assert await members(world.ws, fine) == set(made)
        shown = (await world.ws.observer.get(f"/v1/segments/{watched}")).json()
        assert [fault["code"] for fault in shown["faults"]] == ["failed"]


@step("rules: lifecycle")
async def lifecycle(world: World) -> None:
    written = {"title": "C", "status": "churned", "rule": 'name starts with "Item"'}
    await world.make("/v1/lifecycle-rules", **written)
    await world.tenure.settle()
    ids = await world.accounts()
    spoilt = f"id = '{ids[1]}' and lifecycle_status = 'churned'"
    async with world.refusing("accounts.accounts", spoilt):
        await world.tenure.settle()
        assert await shown(world, ids, "lifecycle_status") == ["churned", "subscribed", "churned"]
        assert await held_records(world) == [("rules", ids[1])]
    await world.retry(SERVICE)
    assert await shown(world, ids, "lifecycle_status") == ["churned"] * 3


async def shown(world: World, ids: list[str], field: str, path: str = "accounts") -> list[Any]:
    answers = [await world.ws.observer.get(f"/v1/{path}/{id_}") for id_ in ids]
    return [answer.json()[field] for answer in answers]


@step("rules: formula")
async def formula(world: World) -> None:
    ids = await world.accounts()
    await world.tenure.settle()
    body = {"record_type": "account", "key": "size", "title": "Size", "type": "formula"}
    spoilt = f"id = '{ids[1]}' and traits ? 'size'"
    async with world.refusing("accounts.accounts", spoilt):
        await world.make("/v1/traits", **body, formula="length(name)", result_type="number")
        await world.tenure.settle()
        assert [bool(traits) for traits in await shown(world, ids, "traits")] == [True, False, True]
        assert await held_records(world) == [("rules", ids[1])]
    await world.retry(SERVICE)
    assert all(await shown(world, ids, "traits"))


@step("rules: deactivation")
async def deactivation(world: World) -> None:
    ids = await world.contacts()
    await world.tenure.settle()
    spoilt = f"id = '{ids[1]}' and deactivated_at is not null"
    async with world.refusing("accounts.contacts", spoilt):
        written = {"title": "Out", "rule": 'name starts with "Item"'}
        await world.make("/v1/contact-deactivation-rules", **written)
        await world.tenure.settle()
        out = await shown(world, ids, "deactivated_at", "contacts")
        assert [at is not None for at in out] == [True, False, True]
        assert await held_records(world) == [("rules", ids[1])]
    await world.retry(SERVICE)
    assert None not in await shown(world, ids, "deactivated_at", "contacts")


@step("rules: assignment")
async def assignment(world: World) -> None:
    ada = await member(world.ws, "Ada")
    await rule(world.ws, 'name starts with "Item"', member_id=ada)
    await world.tenure.settle()
    ids = await world.accounts()
    async with world.refusing("accounts.key_role_assignments", f"account_id = '{ids[1]}'"):
        await world.tenure.settle()
        assert [await holders(world.ws, id_) for id_ in ids] == [[ada], [], [ada]]
        assert await held_records(world) == [("rules", ids[1])]
    await world.retry(SERVICE)
    assert [await holders(world.ws, id_) for id_ in ids] == [[ada]] * 3


@step("segment-notifications")
async def telling(world: World) -> None:
    watched = await segment(world, debounce_minutes=30)
    await world.tenure.settle()
    a, b, c = await world.accounts()
    await world.tenure.settle()
    spoilt = f"name = 'accounts.segment_entered.v1' and payload->>'record_id' = '{b}'"
    async with world.refusing("accounts.events", spoilt):
        await world.tenure.set_clock(world.ws, datetime(2026, 3, 2, 10, tzinfo=UTC))
        assert await told(world, watched) == {a, c}
        assert await held_records(world) == [("segment_pending_notifications", b)]
    await world.retry(SERVICE)
    assert await told(world, watched) == {a, b, c}


async def told(world: World, watched: str) -> set[str]:
    statement = text(
        "select payload ->> 'record_id' from events where workspace_id = :id"
        " and name = 'accounts.segment_entered.v1' and payload ->> 'segment_id' = :segment"
    )
    units = world.tenure.workers[SERVICE].units
    async with units.begin(world.ws.id, (), read_only=True) as uow:
        given = {"id": world.ws.id, "segment": watched}
        return set(await uow.connection.scalars(statement, given))


@step("planned-holdings")
async def planned(world: World) -> None:
    ada = await member(world.ws, "Ada")
    ids = await world.accounts()
    later = {"member_ids": [ada], "valid_from": "2026-03-05T08:00:00Z"}
    for id_ in ids:
        path = f"/v1/accounts/{id_}/key-roles"
        await world.ws.admin.put(f"{path}/csm", later, headers={"if-match": "*"})
    async with world.refusing("accounts.key_role_assignments", f"account_id = '{ids[1]}'"):
        await world.tenure.set_clock(world.ws, datetime(2026, 3, 6, tzinfo=UTC))
    assert [await holders(world.ws, id_) for id_ in ids] == [[ada], [], [ada]]
    (left,) = (await world.ws.observer.get(f"/v1/accounts/{ids[1]}/key-roles")).json()["planned"]
    assert left["refusal"] == "internal_error"


@step("handovers")
async def handover(world: World) -> None:
    grace, ada = await member(world.ws, "Grace"), await member(world.ws, "Ada")
    ids = await world.accounts(key_roles={"csm": [grace]})
    await world.tenure.settle()
    path = f"/v1/members/{grace}/handover"
    async with world.refusing(
        "accounts.key_role_assignments", f"account_id = '{ids[1]}' and member_id = '{ada}'"
    ):
        begun = await world.ws.admin.post(path, {"default_successor": {"member_id": ada}})
        assert begun.status_code == 202, begun.text
        await world.tenure.settle()
    assert [await holders(world.ws, id_) for id_ in ids] == [[ada], [grace], [ada]]
    ended = (await world.ws.observer.get(path)).json()
    assert (ended["state"], ended["skipped"], ended["processed"]) == ("done", 1, 3)


@step("imports")
async def imported(world: World) -> None:
    csv = "external_id,name\na,Item\nb,Item\nc,Item\n"
    job = await world.make("/v1/imports", record_type="organization", file_name="o.csv", csv=csv)
    async with world.refusing("accounts.organizations", "external_id = 'b'"):
        started = await world.ws.admin.post(f"/v1/imports/{job}/start", headers={"if-match": "*"})
        assert started.status_code in {200, 202}, started.text
        await world.tenure.settle()
    ended = (await world.ws.admin.get(f"/v1/imports/{job}")).json()
    assert (ended["status"], ended["created"], ended["rejected"]) == ("finished", 2, 1)


THING = {"key": "thing", "plural_key": "things", "title": "Thing", "plural_title": "Things"}


@step("imports: a row that cannot be read")
async def unreadable_row(world: World) -> None:
    row = Reading.row

    def read(self: Reading, cells: list[str], members: Any) -> Any:
        if cells[0] == "b":
            raise ZeroDivisionError
        return row(self, cells, members)

    csv = "external_id,name\na,Item\nb,Item\nc,Item\n"
    job = await world.make("/v1/imports", record_type="organization", file_name="o.csv", csv=csv)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reading, "row", read)
        await world.ws.admin.post(f"/v1/imports/{job}/start", headers={"if-match": "*"})
        await world.tenure.settle()
    ended = (await world.ws.admin.get(f"/v1/imports/{job}")).json()
    assert (ended["status"], ended["created"], ended["rejected"]) == ("finished", 2, 1)


BULK: dict[str, dict[str, Any]] = {
    "accounts": {},
    "organizations": {},
    "contacts": {},
    "opportunities": {"type": "renewal", "account_external_id": "acme"},
    "objects/thing": {},
}


@pytest.mark.parametrize("path", BULK)
async def test_a_row_that_cannot_be_stored_is_refused_alone(tenure: Tenure, path: str) -> None:
    world = World(tenure, await tenure.workspace())
    await world.make("/v1/accounts", name="Acme", external_id="acme")
    await world.make("/v1/object-types", **THING)
    fields = {"name": "Item", **BULK[path]}
    rows = [{"external_id": key, **fields} for key in ("a", "b", "c")]
    faulty = [{"external_id": "d", **fields, "shoe_size": 3}, {"name": "Nobody"}]
    async with world.refusing(f"accounts.{path.partition('/')[0]}", "external_id = 'b'"):
        answer = await world.ws.admin.post(f"/v1/{path}/bulk", {"rows": [*rows, *faulty]})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    wanted = ["created", "rejected", "created", "rejected", "rejected"]
    assert [row["status"] for row in results] == wanted
    assert results[1]["code"] == "not_written"
    for row in results[3:]:
        assert row["message"] == "This row was not stored. See `errors` for each fault."
        assert row["errors"]


@step("deleted-traits")
async def deleted_trait(world: World) -> None:
    body = {"record_type": "account", "key": "gone", "title": "Gone", "type": "text"}
    trait = await world.make("/v1/traits", **body)
    ids = await world.accounts(traits={"gone": "x"})
    await world.tenure.settle()
    async with world.refusing("accounts.accounts", f"id = '{ids[1]}' and not traits ? 'gone'"):
        answer = await world.ws.admin.delete(f"/v1/traits/{trait}?force=true")
        assert answer.status_code == 204, answer.text
        await world.tenure.settle()
        assert await shown(world, [ids[0], ids[2]], "traits") == [{}, {}]
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]["key"]) == ("deleted_traits", "gone")
        assert ids[1] in row["reason"]
    await world.retry(SERVICE)
    assert await shown(world, ids, "traits") == [{}] * 3


@step("cascades")
async def left_behind(world: World) -> None:
    account_id = await world.make("/v1/accounts", name="Item")
    deal = {"type": "renewal", "account_id": account_id}
    ids = [await world.make("/v1/opportunities", name=f"Item {n}", **deal) for n in range(3)]
    path = f"/v1/accounts/{account_id}"
    spoilt = f"id = '{ids[1]}' and deleted_at is not null"
    async with world.refusing("accounts.opportunities", spoilt):
        assert (await world.ws.admin.delete(path)).status_code == 204
        rows = (await world.ws.admin.get("/v1/opportunities")).json()["data"]
        assert [row["id"] for row in rows] == [ids[1]]
        await world.tenure.settle()
        (row,) = await world.held(SERVICE)
        assert (row["step"], row["about"]["record_id"]) == ("cascades", account_id)
    await world.retry(SERVICE)
    assert (await world.ws.admin.get("/v1/opportunities")).json()["data"] == []


@step("deleted-object-types")
async def deleted_type(world: World) -> None:
    type_id = await world.make("/v1/object-types", **THING)
    ids = [await world.make("/v1/objects/thing", name=f"Item {n}") for n in range(3)]
    await world.tenure.settle()
    async with world.refusing("accounts.objects", f"id = '{ids[1]}' and deleted_at is not null"):
        await world.ws.admin.delete(f"/v1/object-types/{type_id}?force=true")
        await world.tenure.settle()
        status = (await world.ws.observer.get("/v1/status")).json()
        assert status["held"] == {"deleted_object_types": 1}
    await world.retry(SERVICE)
    status = (await world.ws.observer.get("/v1/status")).json()
    assert status["due_work"]["objects_of_deleted_types"] == 0


@step("feed:sequencer:0")
async def heard(world: World) -> None:
    emails = [f"item{n}@acme.example" for n in range(3)]
    ids = [await world.make("/v1/contacts", name="Item", email=email) for email in emails]
    twin = await world.make("/v1/contacts", name="Twin", email=emails[1])
    ids.append(twin)
    await world.tenure.settle()
    spoilt = f"id = '{ids[1]}' and email_status = 'unsubscribed'"
    async with world.refusing("accounts.contacts", spoilt):
        async with world.tenure.workers["sequencer"].units.begin(world.ws.id, BY_TEST) as uow:
            for email in emails:
                uow.publish(ContactUnsubscribed(contact_id=new_id(), email=email))
        await world.tenure.settle()
        found = await shown(world, ids, "email_status", "contacts")
        assert [status == "unsubscribed" for status in found] == [True, False, True, True]
        (dead,) = (await world.ws.admin.get("/v1/dead-events/accounts")).json()["data"]
        path = f"/v1/dead-events/accounts/{dead['id']}/replay"
        assert (await world.ws.admin.post(path)).status_code == 409
    assert (await world.ws.admin.post(path)).status_code == 200
    assert set(await shown(world, ids, "email_status", "contacts")) == {"unsubscribed"}


ALONE = {
    "rule-self-check": "it only begins looks at every record",
    "history-partitions": "it makes tables",
    "product-event-partitions": "it makes tables",
    "import-file-retention": "one statement forgets what is old",
    "product-event-retention": "one statement forgets what is old",
    "product-event-properties": "it moves counts of what is stored, whatever an event says",
}
"""Loops that judge nothing."""


@pytest.mark.parametrize("name", STEPS)
async def test_a_bad_item_in_the_middle_costs_itself(tenure: Tenure, name: str) -> None:
    await STEPS[name](World(tenure, await tenure.workspace()))


def test_every_loop_and_every_kind_of_rule_is_tried(tenure: Tenure) -> None:
    of_many = ("rules", "feed", "imports")  # one engine, one reader
    tried = {name.partition(":")[0] if name.startswith(of_many) else name for name in STEPS}
    named = {loop.name for loop in worker.loops(tenure.workers[SERVICE])}
    loops = {"feed" if name.startswith("feed:") else name for name in named}
    assert loops - tried - set(ALONE) == set()
    assert all(
        any(name.startswith(f"rules: {kind}") for name in STEPS) for kind in EVALUATION_ORDER
    )
    assert SUBSCRIPTIONS.handlers
