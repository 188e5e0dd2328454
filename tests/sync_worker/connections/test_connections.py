"""Connections: what they take, what they show, and the sessions behind them."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import text

from sync_worker.connections import service as connections
from sync_worker.connections.sealing import SecretsLost
from sync_worker.connections.service import Opened
from sync_worker.connections.sessions import StoredSessions
from sync_worker.connectors.salesforce.auth import SalesforceAuth
from tests.sync_worker.making import Org, expire_leases, kill_worker_at


async def opened(org: Org) -> Opened:
    service = org.tenure.workers["sync"]
    async with service.units.begin(org.ws.id, []) as uow:
        return await connections.open_connection(uow, service.secrets, UUID(org.connection_id))


async def test_a_secret_goes_in_and_never_comes_out(small_org: Org) -> None:
    org = small_org
    made = await org.connect()
    secret = org.sf.app.client_secret
    assert made["settings"]["authentication"] == "client_credentials"
    for path in ("/v1/connections", f"/v1/connections/{org.connection_id}"):
        assert secret not in (await org.ws.admin.get(path)).text
    await org.sync()
    service = org.tenure.workers["sync"]
    async with service.units.begin(org.ws.id, []) as uow:
        for table in ("connections", "connection_tokens", "sync_runs", "events"):
            rows = await uow.connection.execute(text(f"select {table}::text as row from {table}"))
            assert not [row for row in rows if secret in row.row]
    assert (await opened(org)).secrets == {"client_secret": secret}


async def test_sealed_secrets_do_not_open_in_another_row(small_org: Org) -> None:
    org = small_org
    await org.connect()
    stolen = org.connection_id
    await org.connect(title="Another")
    service = org.tenure.workers["sync"]
    async with service.units.begin(org.ws.id, []) as uow:
        await uow.connection.execute(
            text(
                "update connections set credentials = (select credentials from connections"
                " where id = :stolen) where id = :id"
            ),
            {"stolen": UUID(stolen), "id": UUID(org.connection_id)},
        )
    with pytest.raises(SecretsLost):
        await opened(org)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"client_secret": None}, "/salesforce"),
        ({"login_url": "https://10.0.0.1"}, "/login_url"),
        ({"login_url": "https://login.salesforce.com/path"}, "/login_url"),
        ({"api_version": "62"}, "/api_version"),
        ({"unknown": 1}, "/unknown"),
        ({"every_seconds": 0}, "/every_seconds"),
    ],
)
async def test_a_connection_that_cannot_work_is_refused(
    small_org: Org, change: dict[str, Any], pointer: str
) -> None:
    body = {
        "system": "salesforce",
        "title": "Broken",
        "login_url": small_org.sf.url,
        "client_id": "x",
        "client_secret": "y",
        **change,
    }
    answer = await small_org.ws.admin.post("/v1/connections", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await small_org.ws.admin.get("/v1/connections")).json()["data"] == []


async def test_titles_are_unique_until_a_connection_is_removed(small_org: Org) -> None:
    org = small_org
    await org.connect()
    body = {
        "system": "salesforce",
        "title": "Salesforce",
        "login_url": org.sf.url,
        "client_id": "x",
        "client_secret": "y",
    }
    taken = await org.ws.admin.post("/v1/connections", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "title_taken")
    path = f"/v1/connections/{org.connection_id}"
    assert (await org.ws.admin.delete(path)).status_code == 204
    assert (await org.ws.admin.get(path)).status_code == 404
    assert (await org.ws.admin.post("/v1/connections", body)).status_code == 201
    await org.tenure.settle()
    org.connection_id = (await org.ws.admin.get("/v1/connections")).json()["data"][0]["id"]


async def test_fields_of_another_system_are_refused(small_org: Org) -> None:
    org = small_org
    await org.connect()
    path = f"/v1/connections/{org.connection_id}"
    answer = await org.ws.admin.patch(path, {"folder": "INBOX", "client_secret": ""})
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("/folder", "unknown_field"),
        ("/client_secret", "required"),
    }
    stale = await org.ws.admin.patch(path, {"title": "New"}, if_match='"v7"')
    assert stale.status_code == 412


async def test_only_admins_change_connections_and_strangers_see_none(small_org: Org) -> None:
    org = small_org
    await org.connect()
    path = f"/v1/connections/{org.connection_id}"
    assert (await org.ws.leader.get(path)).status_code == 200
    assert (await org.ws.leader.patch(path, {"title": "x"})).status_code == 403
    assert (await org.ws.team_member.get(path)).status_code == 403
    stranger = await org.tenure.workspace("Elsewhere")
    assert (await stranger.admin.get(path)).status_code == 404
    assert (await stranger.admin.post(f"{path}/sync")).status_code == 404


async def test_a_signed_assertion_opens_a_session(small_org: Org) -> None:
    org = small_org
    await org.connect(
        client_secret=None,
        private_key=org.sf.world.auth.private_key,
        username=org.sf.app.username,
    )
    assert (await org.sync())["status"] == "succeeded"


async def test_a_key_that_salesforce_does_not_know_needs_a_person(small_org: Org) -> None:
    org = small_org
    strange = RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()
    await org.connect(client_secret=None, private_key=strange, username=org.sf.app.username)
    run = await org.sync()
    assert (run["status"], run["reason"]) == ("failed", "User: invalid_grant: invalid assertion")


async def rotating(org: Org) -> None:
    """Connect by a consent whose refresh token changes with each use."""
    org.sf.org.configure({"rotate_refresh_tokens": True})
    user = next(
        key for key, row in org.rows("User").items() if row["Username"] == org.sf.app.username
    )
    grant = org.sf.world.auth.grant(user)
    await org.connect(refresh_token=grant.token)


async def test_a_refresh_token_that_rotates_is_used_once_by_everybody_together(
    small_org: Org,
) -> None:
    org = small_org
    await rotating(org)
    service, connection = org.tenure.workers["sync"], await opened(org)
    workers = [StoredSessions(service, connection, SalesforceAuth()) for _ in range(20)]
    first = await asyncio.gather(*(worker.current() for worker in workers))
    assert len({session.grant.access_token for session in first}) == 1
    org.sf.world.auth.end_sessions()
    second = await asyncio.gather(
        *(worker.renewed(session) for worker, session in zip(workers, first, strict=True))
    )
    assert len({session.grant.access_token for session in second}) == 1
    assert len(org.sf.log.matching("oauth2/token")) == 2
    assert (await org.sync())["status"] == "succeeded"


async def test_a_rotated_token_lost_with_its_worker_asks_for_a_new_sign_in(
    small_org: Org,
) -> None:
    """Salesforce takes the old token for stolen; nobody can tell it otherwise."""
    org = small_org
    await rotating(org)
    await kill_worker_at(org, "connections.token_received")
    await expire_leases(org)
    await org.tenure.settle()
    connection = await org.ws.admin.get(f"/v1/connections/{org.connection_id}")
    assert connection.json()["status"] == "needs_reauth"
    assert "expired access/refresh token" in connection.json()["reason"]


async def test_a_mapping_is_checked_previewed_and_put_in_force(org: Org) -> None:
    await org.connect()
    await org.sync()
    path = f"/v1/connections/{org.connection_id}/mapping"
    shipped = (await org.ws.admin.get(path)).json()
    assert shipped["is_default"]
    changed = {name: shipped[name] for name in ("objects", "plan_roles", "write_back")}
    contacts = next(each for each in changed["objects"] if each["object"] == "Contact")
    contacts["fields"].append({"source": "Nonsense__c", "target": "traits.nonsense"})
    headers = {"if-match": '"v1"'}
    refused = await org.ws.admin.put(path, changed, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "unknown_field"
    contacts["fields"].pop()
    renewals = next(each for each in changed["objects"] if each["object"] == "Opportunity")
    # What Tenure resets or sets would be set anew by whatever value stands there.
    for target in ("manually_enter_renewal_sequence", "renewal_sequence_status"):
        renewals["fields"].append({"source": "IsPrivate", "target": target, "type": "boolean"})
        refused = await org.ws.admin.put(path, changed, headers=headers)
        fault = {one["code"]: one for one in refused.json()["errors"]}["unknown_target"]
        assert refused.status_code == 422
        assert "set" in fault["message"]
        assert "here" in fault["message"]
        renewals["fields"].pop()
    contacts["fields"].append({"source": "Department", "target": "traits.department"})
    before = await org.all("contacts")
    preview = await org.ws.admin.post(
        f"{path}/preview", {"object": "Contact", "mapping": changed, "limit": 50}
    )
    rows = preview.json()["data"]
    assert len(rows) == 50
    assert {row["row"]["traits"]["department"] for row in rows} == {
        row["source"]["Department"] for row in rows
    }
    assert await org.all("contacts") == before
    put = await org.ws.admin.put(path, changed, headers=headers)
    assert (put.status_code, put.json()["version"]) == (200, 2), put.text
    assert (await org.ws.admin.put(path, changed, headers=headers)).status_code == 412
    run = await org.sync()
    assert (run["kind"], run["status"]) == ("full", "succeeded"), run["reason"]
    assert "connection.mapping_replaced" in await org.ws.audited()
    for key, contact in (await org.all("contacts")).items():
        assert contact["traits"].get("department") == org.rows("Contact")[key]["Department"]


async def test_nobody_waits_long_for_a_preview_from_a_system_that_is_silent(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    await org.connect()
    await org.sync()
    monkeypatch.setattr("sync_worker.crm_sync.mappings.service._PATIENCE", 0.3)
    org.sf.faults.add("FROM Contact", kind="delay", seconds=20.0, times=None)
    path = f"/v1/connections/{org.connection_id}/mapping/preview"
    silent = await org.ws.admin.post(path, {"object": "Contact"})
    assert (silent.status_code, silent.json()["code"]) == (503, "other_system_failed")
    org.sf.faults.clear()
    monkeypatch.undo()
    assert (await org.ws.admin.post(path, {"object": "Contact"})).status_code == 200


async def test_a_worker_waits_for_the_lease_of_another(org: Org) -> None:
    await org.connect()
    async with org.tenure.workers["sync"].units.begin(org.ws.id, []) as uow:
        await uow.connection.execute(
            text(
                "update connections set lease_token = gen_random_uuid(),"
                " lease_until = clock_timestamp() + interval '1 hour' where id = :id"
            ),
            {"id": UUID(org.connection_id)},
        )
    await org.tenure.settle()
    assert (await org.ws.admin.get("/v1/sync-runs")).json()["data"] == []
    await expire_leases(org)
    await org.tenure.settle()
    assert len((await org.ws.admin.get("/v1/sync-runs")).json()["data"]) == 1
