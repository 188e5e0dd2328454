"""A system that is one folder, one simulator and one line: its records become ours like others'."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from sync_worker.connections import service as connections
from sync_worker.connectors import registry
from tests.connectors.shelf.connector import Shelf, ShelfConnectionIn
from tests.harness import Tenure, Workspace
from tests.simulators.shelf import ShelfSimulator


class Shelved:
    """A workspace connected to a shelf."""

    def __init__(self, tenure: Tenure, ws: Workspace, shelf: ShelfSimulator) -> None:
        self.tenure = tenure
        self.ws = ws
        self.shelf = shelf
        self.connection_id = ""

    async def connect(self) -> None:
        service = self.tenure.workers["sync"]
        data = ShelfConnectionIn(
            system="shelf",
            title="Shelf",
            url=self.shelf.url,
            token=SecretStr(self.shelf.token),
            every_seconds=86_400,
        )
        async with service.units.begin(self.ws.id, []) as uow:
            made = await connections.create_connection(uow, service.secrets, data)
        self.connection_id = str(made.id)

    async def sync(self, kind: str = "incremental") -> dict[str, Any]:
        path = f"/v1/connections/{self.connection_id}/sync?kind={kind}"
        asked = await self.ws.admin.post(path)
        assert asked.status_code == 202, asked.text
        await self.tenure.settle()
        run = await self.ws.admin.get(f"/v1/sync-runs/{asked.json()['id']}")
        found: dict[str, Any] = run.json()
        return found

    async def names(self, plural: str) -> dict[str, str]:
        page = (await self.ws.admin.get(f"/v1/{plural}?limit=200")).json()
        return {each["external_id"]: each["name"] for each in page["data"]}


@pytest.fixture
async def shelved(tenure: Tenure, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shelved]:
    # The line of the registry.
    monkeypatch.setattr(registry, "RECORD_CONNECTORS", (*registry.RECORD_CONNECTORS, Shelf()))
    async with ShelfSimulator() as shelf:
        made = Shelved(tenure, await tenure.workspace(), shelf)
        yield made
        await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


async def test_records_of_a_second_system_become_ours_and_follow_it(shelved: Shelved) -> None:
    shelf = shelved.shelf
    acme = shelf.put("companies", {"name": "Acme", "website": "acme.example", "fee": 12.5})
    beta = shelf.put("companies", {"name": "Beta", "website": "no host at all"})
    ann = shelf.put("people", {"name": "Ann", "email": "ann@acme.example", "company": acme})
    await shelved.connect()
    run = await shelved.sync()
    assert (run["status"], run["kind"], run["warned"]) == ("succeeded", "full", 1), run["reason"]
    assert await shelved.names("accounts") == {acme: "Acme", beta: "Beta"}
    page = (await shelved.ws.admin.get("/v1/accounts?limit=200")).json()["data"]
    account = next(each for each in page if each["external_id"] == acme)
    assert (account["domain"], account["arr"], account["source"]) == ("acme.example", 1250, "shelf")
    path = "/v1/contacts?limit=200&include=accounts"
    (contact,) = (await shelved.ws.admin.get(path)).json()["data"]
    assert contact["external_id"] == ann
    assert [link["account_id"] for link in contact["accounts"]] == [account["id"]]

    shelf.put("companies", {"name": "Acme Ltd"}, acme)
    shelf.remove("companies", beta)
    run = await shelved.sync()
    assert (run["status"], run["kind"]) == ("succeeded", "incremental"), run["reason"]
    assert await shelved.names("accounts") == {acme: "Acme Ltd"}
    shelf.restore("companies", beta)
    await shelved.sync()
    assert await shelved.names("accounts") == {acme: "Acme Ltd", beta: "Beta"}
    shelf.purge("people", ann)
    assert (await shelved.sync())["deleted"] == 0, "nothing says so"
    assert (await shelved.sync("full"))["deleted"] == 1, "a complete reading does not meet it"
    assert await shelved.names("contacts") == {}


async def test_a_mapping_of_a_second_system_is_checked_against_what_it_shows(
    shelved: Shelved,
) -> None:
    await shelved.connect()
    await shelved.tenure.settle()
    admin, path = shelved.ws.admin, f"/v1/connections/{shelved.connection_id}/mapping"
    shipped = (await admin.get(path)).json()
    assert [each["object"] for each in shipped["objects"]] == ["companies", "people"]
    name = {"source": "name", "target": "name"}
    fields = [name, {"source": "nothing", "target": "country"}]
    companies = {"object": "companies", "record_type": "account", "fields": fields}
    others = {"object": "others", "record_type": "contact", "fields": [name]}
    refused = await admin.put(path, {"objects": [companies, others]}, headers={"if-match": "*"})
    assert {(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]} == {
        ("/objects/0/fields/1/source", "unknown_field"),
        ("/objects/1/object", "unknown_object"),
    }, refused.text
    shelved.shelf.put("companies", {"name": "Acme", "fee": 3})
    preview = await admin.post(f"{path}/preview", {"object": "companies"})
    (row,) = preview.json()["data"]
    assert (row["row"]["name"], row["row"]["arr"], row["row"]["source"]) == ("Acme", 300, "shelf")


async def test_a_token_that_is_refused_asks_for_a_new_one(shelved: Shelved) -> None:
    await shelved.connect()
    shelved.shelf.token = "another"
    run = await shelved.sync()
    assert run["status"] == "failed"
    path = f"/v1/connections/{shelved.connection_id}"
    connection = (await shelved.ws.admin.get(path)).json()
    assert (connection["status"], connection["reason"]) == (
        "needs_reauth",
        "companies: bad_token: The token is not known.",
    )
