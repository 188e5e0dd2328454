"""A field that a connection writes is left to it, whichever way somebody writes here."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from accounts_api.records.field_owners import service as field_owners
from shared.events.sync import FieldOwnersChanged
from shared.ids import new_id
from tests.accounts_api.customers.key_roles.making import member, role_id, rule
from tests.accounts_api.records.making import make, make_trait
from tests.harness import Tenure, Workspace

OWNED = ["domain", "key_roles.csm", "name", "traits.tier"]


@dataclass(frozen=True)
class Owned:
    """An account that came from a connection, and one that did not."""

    tenure: Tenure
    ws: Workspace
    connection_id: str
    theirs: dict[str, Any]
    ours: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.theirs['id']}"

    async def now(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ws.admin.get(self.path)).json()
        return found

    async def of_connection(self, **more: Any) -> dict[str, Any]:
        given = {"source": "salesforce", "external_id": f"sf-{new_id().hex[-8:]}", **more}
        return await make(self.ws, "accounts", {"name": "Theirs", **given})


@pytest.fixture
async def owned(tenure: Tenure) -> Owned:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    await make_trait(ws, "account", "mood", "string")
    event = FieldOwnersChanged(
        connection_id=new_id(),
        system="salesforce",
        title="Our CRM",
        fields={"account": OWNED, "contact": []},
        version=1,
    )
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        await field_owners.keep(uow, event)
    theirs = {"name": "Theirs", "source": "salesforce", "external_id": "sf-1", "arr": 5}
    return Owned(
        tenure,
        ws,
        str(event.connection_id),
        await make(ws, "accounts", {**theirs, "currency": "USD"}),
        await make(
            ws, "accounts", {"name": "Ours", "domain": "ours.example", "external_id": "o-1"}
        ),
    )


def faults(answer: httpx2.Response, status: int) -> set[tuple[str, str]]:
    assert answer.status_code == status, answer.text
    return {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}


async def test_what_is_owned_is_listed(owned: Owned) -> None:
    told = (await owned.ws.observer.get("/v1/field-owners")).json()["data"]
    assert [row["field"] for row in told] == ["external_id", "source", *OWNED]
    assert {row["record_type"] for row in told} == {"account"}
    assert told[0]["source"] == "salesforce"
    assert (told[0]["connection_id"], told[0]["connection_title"]) == (
        owned.connection_id,
        "Our CRM",
    )
    of_contacts = await owned.ws.observer.get("/v1/field-owners?record_type=contact")
    assert of_contacts.json()["data"] == []


async def test_every_request_that_edits_a_record_is_refused_at_the_field(owned: Owned) -> None:
    ws, before = owned.ws, await owned.now()
    edit = {"domain": "x.example", "traits": {"tier": "gold", "mood": "fine"}}
    wanted = {("/domain", "owned_elsewhere"), ("/traits/tier", "owned_elsewhere")}
    assert faults(await ws.admin.patch(owned.path, edit), 409) == wanted
    put = await ws.admin.put("/v1/accounts/by-external-id/sf-1", edit)
    assert faults(put, 409) == wanted
    for name, other in (("source", "mine"), ("external_id", "mine-1")):
        moved = await ws.admin.patch(owned.path, {name: other})
        assert faults(moved, 409) == {(f"/{name}", "owned_elsewhere")}
    rows = [
        {"id": owned.theirs["id"], **edit},
        {"external_id": "sf-1", **edit},
        {"external_id": "o-1", **edit},
    ]
    for options in ({"dry_run": True}, {}):
        answer = await ws.admin.post("/v1/accounts/bulk", {"rows": rows, **options})
        results = answer.json()["results"]
        assert [one["status"] for one in results] == ["rejected", "rejected", "updated"]
        for at, one in enumerate(results[:2]):
            found = {(fault["pointer"], fault["code"]) for fault in one["errors"]}
            assert found == {(f"/rows/{at}{pointer}", code) for pointer, code in wanted}
            assert "Our CRM" in one["message"]
    someone = await member(ws, "Ada")
    for valid_from in ({}, {"valid_from": "2190-01-01T00:00:00Z"}):
        body = {"member_ids": [someone], **valid_from}
        held = await ws.admin.put(f"{owned.path}/key-roles/csm", body, headers={"if-match": "*"})
        assert held.status_code == 409, held.text
        assert held.json()["code"] == "owned_elsewhere"
    assert await owned.now() == before


async def test_it_is_told_beside_every_other_fault_of_the_body(owned: Owned) -> None:
    edit = {"domain": "x.example", "traits": {"tier": "gold", "no": 1}, "time_zone": "Mars/X"}
    assert faults(await owned.ws.admin.patch(owned.path, edit), 422) == {
        ("/domain", "owned_elsewhere"),
        ("/traits/tier", "owned_elsewhere"),
        ("/traits/no", "unknown_trait"),
        ("/time_zone", "value_error"),
    }


async def test_a_row_of_a_file_is_refused_at_the_column_in_preview_and_run(owned: Owned) -> None:
    ws = owned.ws
    file = "External ID,Domain,Mood\r\nsf-1,x.example,fine\r\no-1,new.example,fine\r\n"
    body = {"record_type": "account", "file_name": "f.csv", "csv": file}
    job = f"/v1/imports/{(await ws.admin.post('/v1/imports', body)).json()['id']}"
    shown = (await ws.admin.get(f"{job}/preview")).json()
    assert (shown["updated"], shown["rejected"]) == (1, 1)
    [fault] = shown["faults"]
    assert (fault["column"], fault["code"], fault["row"]) == ("Domain", "owned_elsewhere", 2)
    assert "Our CRM" in fault["message"]
    started = await ws.admin.post(f"{job}/start", headers={"if-match": "*"})
    assert started.status_code == 202, started.text
    await owned.tenure.settle()
    ended = (await ws.admin.get(job)).json()
    assert (ended["updated"], ended["rejected"]) == (1, 1), ended
    [row] = (await ws.admin.get(f"{job}/rows?status=rejected")).json()["data"]
    assert [(e["column"], e["code"]) for e in row["errors"]] == [("Domain", "owned_elsewhere")]
    assert (await owned.now())["domain"] is None


async def test_a_note_carries_the_fault_to_its_own_value(owned: Owned) -> None:
    fields = [
        {"key": "tier", "label": "Tier", "field": "traits.tier"},
        {"key": "mood", "label": "Mood", "field": "traits.mood"},
    ]
    template = {"key": "review", "title": "Review", "fields": fields}
    assert (await owned.ws.admin.post("/v1/note-templates", template)).status_code == 201
    note = {
        "template_key": "review",
        "subject_type": "account",
        "subject_id": owned.theirs["id"],
        "title": "Review",
        "field_values": {"tier": "gold", "mood": "fine"},
        "record_versions": {"subject": 1},
    }
    refused = await owned.ws.admin.post("/v1/notes", note)
    assert faults(refused, 422) == {("/field_values/tier", "owned_elsewhere")}
    assert refused.json()["errors"][0]["connection_id"] == owned.connection_id
    note["field_values"] = {"mood": "fine"}
    assert (await owned.ws.admin.post("/v1/notes", note)).status_code == 201


async def test_a_merge_fills_nothing_that_a_connection_writes(owned: Owned) -> None:
    someone = await member(owned.ws, "Ada")
    given = {"traits": {"tier": "gold", "mood": "fine"}, "key_roles": {"csm": [someone]}}
    loser = await make(
        owned.ws, "accounts", {"name": "Loser", "domain": "loser.example", "country": "DE", **given}
    )
    merged = await owned.ws.admin.post(f"{owned.path}/merge", {"loser_id": loser["id"]})
    assert merged.status_code == 200, merged.text
    found = merged.json()
    assert (found["domain"], found["country"], found["traits"]) == (None, "DE", {"mood": "fine"})
    assert found["key_roles"] == {}


async def test_what_happens_by_itself_leaves_it_alone(owned: Owned) -> None:
    """A rule assigns nobody, and a handover leaves the holder."""
    ws = owned.ws
    ada, grace = await member(ws, "Ada"), await member(ws, "Grace")
    await rule(ws, "arr > 1", member_id=ada)
    theirs = await owned.of_connection(arr=9, currency="USD")
    ours = await make(ws, "accounts", {"name": "Mine", "arr": 9, "currency": "USD"})
    held = await owned.of_connection(key_roles={"csm": [ada]})
    await owned.tenure.settle()

    async def holders(account: dict[str, Any]) -> dict[str, Any]:
        found = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
        assert isinstance(found["key_roles"], dict)
        return dict(found["key_roles"])

    assert await holders(ours) == {"csm": [ada]}
    assert await holders(theirs) == {}
    body = {"successors": {"csm": {"member_id": grace}}}
    started = await ws.admin.post(f"/v1/members/{ada}/handover", body)
    assert started.status_code in {200, 201, 202}, started.text
    await owned.tenure.settle()
    assert await holders(ours) == {"csm": [grace]}
    assert await holders(held) == {"csm": [ada]}
    job = (await ws.admin.get(f"/v1/members/{ada}/handover")).json()
    assert (job["state"], job["skipped"]) == ("done", 1)
    applied = await ws.admin.post(f"/v1/key-roles/{await role_id(ws)}/assignment-rules/apply")
    assert applied.status_code in {200, 202}, applied.text
    await owned.tenure.settle()
    assert await holders(theirs) == {}
