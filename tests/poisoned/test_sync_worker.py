"""One bad item in the middle of a batch costs itself, in every step of the sync worker."""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.feed import consumer
from shared.ids import new_id
from shared.settings import ServiceName
from sync_worker import worker
from sync_worker.connections import queries as connections
from sync_worker.crm_sync.write_backs import queries as write_backs
from sync_worker.crm_sync.write_backs.rules import fitting
from sync_worker.mail.mailbox import service as mailbox
from sync_worker.partners.webhooks import queries as webhooks
from sync_worker.subscriptions import SUBSCRIPTIONS
from tests.harness import Tenure
from tests.poisoned.poison import Steps, World
from tests.sequencer.renewals import Renewals
from tests.simulators.mail import MailSimulator
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators.webhooks import WebhookSink

SERVICE: Final = "sync"
OPPORTUNITY: Final = {"StageName": "Discovery", "Type": "Renewal", "CloseDate": "2026-12-31"}
ANA, PASSWORD = "ana@acme.example", "open sesame"


class Outside:
    """A Salesforce org, a mailbox and a partner's receiver."""

    def __init__(self, sf: SalesforceSimulator, mail: MailSimulator, sink: WebhookSink) -> None:
        self.sf, self.mail, self.sink = sf, mail, sink

    async def salesforce(self, world: World) -> str:
        return await world.make(
            "/v1/connections",
            system="salesforce",
            title=new_id().hex,
            login_url=self.sf.url,
            client_id=self.sf.app.client_id,
            client_secret=self.sf.app.client_secret,
            lag_seconds=0,
            every_seconds=86_400,
        )

    async def mailbox(self, world: World) -> str:
        return await world.make(
            "/v1/connections",
            system="imap",
            title=new_id().hex,
            host="127.0.0.1",
            port=self.mail.imap_port,
            security="none",
            username=ANA,
            password=PASSWORD,
            mailbox=ANA,
            every_seconds=86_400,
        )

    async def endpoint(self, world: World) -> str:
        name = new_id().hex
        made = await world.ws.admin.post("/v1/webhook-endpoints", {"url": self.sink.url(name)})
        self.sink.endpoint(name, secrets=[made.json()["secret"]])
        return str(made.json()["id"])


Step = Callable[[World, Outside, pytest.MonkeyPatch], Awaitable[None]]
STEPS = Steps[Step]()
"""Loops of the worker, and kinds of events that it hears, by name."""
step = STEPS.named


@pytest.fixture(scope="module")
async def outside(
    tenure: Tenure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Outside]:
    async with (
        SalesforceSimulator(seed=None) as sf,
        MailSimulator(tmp_path_factory.mktemp("mail"), mailboxes={ANA: PASSWORD}) as mail,
        WebhookSink() as sink,
    ):
        yield Outside(sf, mail, sink)


async def sql(world: World, statement: str, **given: Any) -> Any:
    """As an older release, or fate, may have left it."""
    async with world.tenure.workers["sync"].units.begin(world.ws.id, ()) as uow:
        return await uow.connection.execute(text(statement), {"workspace_id": world.ws.id, **given})


async def rows(world: World, table: str, key: str, ids: list[str], and_: str = "true") -> set[str]:
    found = await sql(
        world,
        f"select {key} from {table} where workspace_id = :workspace_id and {key} = any(:ids)"
        f" and {and_}",
        ids=[UUID(one) for one in ids],
    )
    return {str(one) for one in found.scalars()}


async def shown(world: World, ids: list[str]) -> list[dict[str, Any]]:
    return [(await world.ws.admin.get(f"/v1/connections/{id_}")).json() for id_ in ids]


@step("records")
async def pulls(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    ids = [await outside.salesforce(world) for _ in range(3)]
    spoil = (
        "update connections set mapping = cast(:mapping as jsonb)"
        " where workspace_id = :workspace_id and id = :id"
    )
    await sql(world, spoil, id=UUID(ids[1]), mapping='{"nonsense": true}')
    await world.tenure.settle()
    good, bad, other = await shown(world, ids)
    assert good["synced_at"]
    assert other["synced_at"]
    assert "cannot be read any more" in bad["reason"]
    path = f"/v1/connections/{ids[1]}/mapping"
    refused = await world.ws.admin.get(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "mapping_unreadable")
    mapping = (await world.ws.admin.get(f"/v1/connections/{ids[0]}/mapping")).json()
    kept = {name: mapping[name] for name in ("objects", "plan_roles", "write_back")}
    mended = await world.ws.admin.put(path, kept, headers={"if-match": "*"})
    assert mended.status_code == 200, mended.text
    await world.ws.admin.post(f"/v1/connections/{ids[1]}/sync")
    await world.tenure.settle()
    assert (await shown(world, ids))[1]["reason"] is None


@step("records, a session that cannot be opened")
async def sessions(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    """It is no more than what signing in gave us: we sign in again."""
    connection_id = await outside.salesforce(world)
    await world.tenure.settle()
    await sql(
        world,
        "update connection_tokens set sealed = :sealed where workspace_id = :workspace_id",
        sealed=b"sealed by nobody",
    )
    asked = await world.ws.admin.post(f"/v1/connections/{connection_id}/sync")
    await world.tenure.settle()
    run = (await world.ws.admin.get(f"/v1/sync-runs/{asked.json()['id']}")).json()
    assert run["status"] == "succeeded", run["reason"]


@step("mailboxes")
async def mailboxes(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    ids = [await outside.mailbox(world) for _ in range(3)]
    await lock_away(world, ids[1])
    await world.tenure.settle()
    good, bad, other = await shown(world, ids)
    assert good["synced_at"]
    assert other["synced_at"]
    assert "secrets cannot be opened" in bad["reason"]
    path = f"/v1/connections/{ids[1]}"
    refused = await world.ws.admin.post(f"{path}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "secrets_lost")
    mended = await world.ws.admin.patch(path, {"password": PASSWORD})
    assert mended.status_code == 200, mended.text
    await world.ws.admin.post(f"{path}/sync")
    await world.tenure.settle()
    assert (await shown(world, ids))[1]["reason"] is None


@step("mailboxes, a look that fails")
async def looks(world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    place_in = mailbox.place_in

    async def poisoned(uow: Any, connection: Any, state: Any) -> Any:
        if str(connection.id) == ids[1]:
            raise ZeroDivisionError
        return await place_in(uow, connection, state)

    ids = [await outside.mailbox(world) for _ in range(3)]
    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "place_in", poisoned)
        await world.tenure.settle()
        good, bad, other = await shown(world, ids)
        assert good["synced_at"]
        assert other["synced_at"]
        assert "on our side" in bad["reason"]
    await world.ws.admin.post(f"/v1/connections/{ids[1]}/sync")
    await world.tenure.settle()
    assert (await shown(world, ids))[1]["reason"] is None


async def lock_away(world: World, connection_id: str) -> None:
    """As when the keys were lost that its secrets are sealed with."""
    await sql(
        world,
        "update connections set credentials = :sealed"
        " where workspace_id = :workspace_id and id = :id",
        id=UUID(connection_id),
        sealed=b"sealed by nobody",
    )


@step("write-backs")
async def values(world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    connection_id = await outside.salesforce(world)
    there = [outside.sf.people.create("Opportunity", {"Name": n, **OPPORTUNITY}) for n in "ABC"]
    path = f"/v1/connections/{connection_id}/write-backs"

    def poisoned(value: Any, length: int | None) -> Any:
        if value == "Of B":
            raise ZeroDivisionError
        return fitting(value, length)

    await world.tenure.settle()
    with monkeypatch.context() as patched:
        patched.setattr("sync_worker.crm_sync.write_backs.service.fitting", poisoned)
        for external_id, name in zip(there, "ABC", strict=True):
            await ask(world, connection_id, external_id, f"Of {name}")
        await world.tenure.settle()
        listed = (await world.ws.admin.get(path)).json()["data"]
        states = {row["external_id"]: row["state"] for row in listed}
        assert states == dict(zip(there, ("done", "rejected", "done"), strict=True))
    await world.ws.admin.post(f"{path}/retry")
    await world.tenure.settle()
    listed = (await world.ws.admin.get(path)).json()["data"]
    assert {row["state"] for row in listed} == {"done"}


@step("write-backs, a connection that cannot be opened")
async def locked_values(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    there = outside.sf.people.create("Opportunity", {"Name": "Acme", **OPPORTUNITY})
    ids = [await outside.salesforce(world) for _ in range(3)]
    await world.tenure.settle()
    await lock_away(world, ids[1])
    for connection_id in ids:
        await ask(world, connection_id, there, "90 days before")
    await world.tenure.settle()
    listed = [
        (await world.ws.admin.get(f"/v1/connections/{id_}/write-backs")).json()["data"]
        for id_ in ids
    ]
    assert [[row["state"] for row in data] for data in listed] == [["done"], ["pending"], ["done"]]
    assert "secrets cannot be opened" in listed[1][0]["reason"]
    assert listed[1][0]["next_attempt_at"] > listed[1][0]["updated_at"]


async def ask(world: World, connection_id: str, external_id: str, value: str) -> None:
    """As a change here asks for it to be written there."""
    async with world.tenure.workers["sync"].units.begin(world.ws.id, ()) as uow:
        await write_backs.ask(
            uow,
            UUID(connection_id),
            sobject="Opportunity",
            external_id=external_id,
            values={"Renewal_Sequence_Status__c": value},
            version=1,
            cause=(),
        )


@step("webhooks")
async def deliveries(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    ids = [await outside.endpoint(world) for _ in range(3)]
    spoilt = f"endpoint_id = '{ids[1]}' and status = 'succeeded'"
    sent = "status = 'succeeded'"
    async with world.refusing("sync.webhook_deliveries", spoilt):
        await world.make("/v1/accounts", name="Acme")
        await world.tenure.settle()
        assert await rows(world, "webhook_deliveries", "endpoint_id", ids, sent) == {
            ids[0],
            ids[2],
        }
    # The lease of the one that nobody could record is over.
    due = "update webhook_deliveries set due_at = clock_timestamp()"
    await sql(world, f"{due} where workspace_id = :workspace_id and status = 'pending'")
    await world.tenure.settle()
    assert await rows(world, "webhook_deliveries", "endpoint_id", ids, sent) == set(ids)


@step("removed-connections")
async def removed_connections(
    world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await outside.mailbox(world) for _ in range(3)]
    await removed(world, monkeypatch, "/v1/connections", ids, connections, "purge_connection")


@step("removed-webhook-endpoints")
async def removed_endpoints(
    world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await outside.endpoint(world) for _ in range(3)]
    path = "/v1/webhook-endpoints"
    await removed(world, monkeypatch, path, ids, webhooks, "purge_endpoint")


async def removed(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    ids: list[str],
    queries: Any,
    purge: str,
) -> None:
    table = path.removeprefix("/v1/").replace("-", "_")
    real = getattr(queries, purge)

    @functools.wraps(real)
    async def poisoned(uow: Any, gone: UUID, *more: Any) -> Any:
        if str(gone) == ids[1]:
            raise ZeroDivisionError
        return await real(uow, gone, *more)

    with monkeypatch.context() as patched:
        patched.setattr(queries, purge, poisoned)
        for id_ in ids:
            assert (await world.ws.admin.delete(f"{path}/{id_}")).status_code == 204
        await world.tenure.settle(tidying=True)
        assert await rows(world, table, "id", ids) == {ids[1]}
    await world.tenure.settle(tidying=True)
    assert await rows(world, table, "id", ids) == set()


async def replayed(world: World) -> int:
    """Of the one event that was set aside: the status of another chance for it."""
    (dead,) = (await world.ws.admin.get("/v1/dead-events/sync")).json()["data"]
    return (await world.ws.admin.post(f"/v1/dead-events/sync/{dead['id']}/replay")).status_code


@step("any event")
async def fan_out(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    """Of one event to many endpoints."""
    ids = [await outside.endpoint(world) for _ in range(3)]
    table = "sync.webhook_deliveries"
    async with world.refusing(table, f"endpoint_id = '{ids[1]}'"):
        await world.make("/v1/organizations", name="Acme")
        await world.tenure.settle()
        assert await rows(world, table, "endpoint_id", ids) == {ids[0], ids[2]}
        assert await replayed(world) == 409
    assert await replayed(world) == 200
    told = await sql(
        world,
        "select endpoint_id, count(*) from webhook_deliveries"
        " where workspace_id = :workspace_id group by 1",
    )
    assert {str(endpoint): count for endpoint, count in told} == dict.fromkeys(ids, 1)


@step("ContactChanged")
async def addresses(world: World, _: Outside, __: pytest.MonkeyPatch) -> None:
    ids = await world.contacts(email="jo@cust.example")
    async with world.refusing("sync.contact_addresses", f"contact_id = '{ids[1]}'"):
        await world.tenure.settle()
        assert await rows(world, "contact_addresses", "contact_id", ids) == {ids[0], ids[2]}
        assert await replayed(world) == 409
    assert await replayed(world) == 200
    assert await rows(world, "contact_addresses", "contact_id", ids) == set(ids)


@step("OpportunityChanged")
async def wanted(world: World, outside: Outside, _: pytest.MonkeyPatch) -> None:
    """Of one record that several connections write."""
    there = outside.sf.people.create("Opportunity", {"Name": "Acme", **OPPORTUNITY})
    ids = [await outside.salesforce(world) for _ in range(3)]
    await world.tenure.settle()
    for id_ in ids:
        await world.ws.admin.post(f"/v1/connections/{id_}/pause")
    renewals = Renewals(world.tenure, world.ws, outside.mail)
    event = renewals.opportunity_event(
        new_id(), external_id=there, renewal_sequence_status="90 days before"
    )
    async with world.refusing("sync.write_backs", f"connection_id = '{ids[1]}'"):
        await renewals.told(event)
        assert await rows(world, "write_backs", "connection_id", ids) == {ids[0], ids[2]}
        assert await replayed(world) == 409
    assert await replayed(world) == 200
    assert await rows(world, "write_backs", "connection_id", ids) == set(ids)


ALONE = {
    "partner-event-retention": "one statement forgets what is old",
    "webhook-delivery-retention": "one statement forgets what is old",
    "sync-run-retention": "one statement forgets what is old",
    "mail-retention": "one statement forgets what is old",
    "WorkspaceChanged": "of a workspace there is one, and the newest copy stands",
    "CalendarChanged": "one statement copies a calendar, and the newest copy stands",
}
"""What judges nothing."""


@pytest.mark.parametrize("name", STEPS)
async def test_a_bad_item_in_the_middle_costs_itself(
    tenure: Tenure, outside: Outside, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(consumer, "MAX_FAILURES", 1)  # that it is tried again is proved elsewhere
    world = World(tenure, await tenure.workspace())
    await STEPS[name](world, outside, monkeypatch)
    for path in ("connections", "webhook-endpoints"):
        for row in (await world.ws.admin.get(f"/v1/{path}")).json()["data"]:
            await world.ws.admin.delete(f"/v1/{path}/{row['id']}")


def test_every_loop_and_every_kind_of_event_is_tried(tenure: Tenure) -> None:
    service: ServiceName = SERVICE
    loops = {loop.name for loop in worker.loops(tenure.workers[service])}
    named = {"any event" if name.startswith("feed:") else name for name in loops}
    heard = {event.__name__ for event in SUBSCRIPTIONS.handlers}
    tried = {name.partition(",")[0] for name in STEPS}
    assert named | heard == tried | ALONE.keys()
