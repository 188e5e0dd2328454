"""Pulling from Salesforce, over real sockets into the real accounts service."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from sync_worker.crm_sync.records import client
from sync_worker.crm_sync.records.service import RowResult
from tests.simulators.salesforce import landmarks
from tests.sync_worker.making import Org


async def test_the_first_run_reads_everything_and_shows_its_progress(org: Org) -> None:
    await org.connect()
    run = await org.sync()
    assert (run["status"], run["kind"], run["rejected"]) == ("succeeded", "full", 0)
    assert all(progress["done"] for progress in run["objects"].values())
    for plural, sobject in (
        ("accounts", "Account"),
        ("contacts", "Contact"),
        ("opportunities", "Opportunity"),
    ):
        assert (await org.all(plural)).keys() == org.rows(sobject).keys()
        assert run["objects"][sobject]["written"] == len(org.rows(sobject))


async def test_the_first_pull_is_quiet_and_the_next_ones_are_not(org: Org) -> None:
    made = await org.connect()
    assert made["settings"]["first_pull"] == "quiet"
    first, second = await org.sync(), await org.sync()
    assert (first["quiet_batch_id"], second["quiet_batch_id"]) == (org.connection_id, None)
    asked = await org.ws.admin.post(f"/v1/connections/{org.connection_id}/sync?automation=quiet")
    assert asked.json()["quiet_batch_id"] == asked.json()["id"]
    await org.tenure.settle()
    batch = await org.ws.admin.get(f"/v1/quiet-batches/{org.connection_id}")
    assert (batch.status_code, batch.json()["title"]) == (200, "Salesforce")


async def test_a_pull_says_each_thing_once(company: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[Any]()
    put_member, add_trait = client.put_member, client.add_trait

    async def put(*args: Any) -> RowResult:
        said.append(args[3])
        return await put_member(*args)

    async def add(*args: Any) -> str | None:
        said.append((args[3]["record_type"], args[3]["key"]))
        return await add_trait(*args)

    monkeypatch.setattr(client, "put_member", put)
    monkeypatch.setattr(client, "add_trait", add)
    await company.connect()
    await company.sync()
    once = dict.fromkeys(said, 1)
    assert company.rows("User").keys() <= once.keys()
    assert Counter(said) == once
    await company.sync()
    assert Counter(said) == once


async def test_a_first_pull_may_start_things(company: Org) -> None:
    await company.connect(first_pull="run")
    assert (await company.sync())["quiet_batch_id"] is None


async def test_records_arrive_in_our_words(org: Org) -> None:
    await org.connect()
    await org.sync()
    accounts = await org.all("accounts")
    members = {
        member["external_id"]: member["id"]
        for member in (await org.ws.admin.get("/v1/members?limit=200")).json()["data"]
    }
    for account_id, there in org.rows("Account").items():
        here = accounts[account_id]
        assert here["name"] == there["Name"]
        assert here["arr"] == (None if there["ARR__c"] is None else round(there["ARR__c"] * 100))
        assert here["traits"].get("cs_tier") == there["CS_Tier__c"]
        assert here["traits"].get("trial_end") == there["Trial_End__c"]
        assert here["traits"].get("churn_date") == there["Churn_Date__c"]
        owner = there["OwnerId"]
        holders = [members[owner]] if org.rows("User")[owner]["IsActive"] else None
        assert here["key_roles"].get("csm") == holders
    for contact_id, here in (await org.all("contacts")).items():
        there = org.rows("Contact")[contact_id]
        assert here["traits"]["product_admin"] == there["Product_Admin__c"]
        assert here["email"] == there["Email"]
    for opportunity_id, here in (await org.all("opportunities")).items():
        there = org.rows("Opportunity")[opportunity_id]
        assert here["account_id"] == accounts[there["AccountId"]]["id"]
        assert here["type"] == there["Type"].lower().replace(" ", "_")
        assert here["contract_start"] == there["Contract_Start__c"]
        assert here["contract_expiration"] == there["Contract_Expiration__c"]
        assert here["deal_room_url"] == there["Deal_Room_URL__c"]
        assert (here["stage"], here["is_closed"], here["is_won"]) == (
            there["StageName"],
            there["IsClosed"],
            there["IsWon"],
        )


async def test_a_contact_of_several_accounts_belongs_to_all_of_them(org: Org) -> None:
    await org.connect()
    await org.sync()
    accounts = {each["id"]: key for key, each in (await org.all("accounts")).items()}
    contact = (await org.all("contacts"))[landmarks.SEVERAL_ACCOUNTS_CONTACT]
    expected = {
        row["AccountId"]
        for row in org.rows("AccountContactRelation").values()
        if row["ContactId"] == landmarks.SEVERAL_ACCOUNTS_CONTACT
    }
    assert len(expected) > 1
    assert {accounts[link["account_id"]] for link in contact["accounts"]} >= expected


async def test_a_second_run_sends_nothing_that_did_not_change(company: Org) -> None:
    await company.connect()
    await company.sync()
    company.sf.people.touch(list(company.rows("Account")))
    run = await company.sync()
    assert (run["status"], run["written"]) == ("succeeded", 0)
    assert run["objects"]["Account"]["unchanged"] == len(company.rows("Account"))


async def test_a_change_there_arrives_here_and_leaves_the_rest_alone(company: Org) -> None:
    await company.connect()
    await company.sync()
    opportunity_id = next(iter(company.rows("Opportunity")))
    before = (await company.all("opportunities"))[opportunity_id]
    body = {"record_type": "opportunity", "key": "our_own", "title": "Ours", "type": "string"}
    assert (await company.ws.admin.post("/v1/traits", body)).status_code == 201
    edited = await company.ws.admin.patch(
        f"/v1/opportunities/{before['id']}", {"traits": {"our_own": "stays"}}
    )
    assert edited.status_code == 200
    company.sf.people.update(opportunity_id, {"Deal_Room_URL__c": "https://deals.example/room"})
    run = await company.sync()
    assert run["objects"]["Opportunity"]["written"] == 1
    after = (await company.all("opportunities"))[opportunity_id]
    assert after["deal_room_url"] == "https://deals.example/room"
    assert after["traits"]["our_own"] == "stays"


async def test_what_is_deleted_there_goes_here_and_comes_back_when_it_does(org: Org) -> None:
    await org.connect()
    await org.sync()
    gone = landmarks.NO_DEAL_ROOM[0]
    org.sf.people.delete(gone)
    run = await org.sync()
    assert (run["status"], run["deleted"]) == ("succeeded", 1)
    assert gone not in await org.all("opportunities")
    org.sf.people.undelete(gone)
    await org.sync()
    assert gone in await org.all("opportunities")


async def test_what_a_person_deleted_here_is_not_brought_back(company: Org) -> None:
    await company.connect()
    await company.sync()
    opportunity_id = next(iter(company.rows("Opportunity")))
    ours = (await company.all("opportunities"))[opportunity_id]["id"]
    assert (await company.ws.admin.delete(f"/v1/opportunities/{ours}")).status_code == 204
    company.sf.people.update(opportunity_id, {"Name": "Renamed there"})
    await company.sync()
    assert opportunity_id not in await company.all("opportunities")
    rejected = await company.ws.admin.get(
        f"/v1/connections/{company.connection_id}/rejected-records"
    )
    assert [row["reason"] for row in rejected.json()["data"]] == ["A person deleted it here."]


async def test_a_merge_there_is_a_merge_here(org: Org) -> None:
    await org.connect()
    await org.sync()
    loser, winner = (
        landmarks.LANDMARKS["no_deal_room_1"].account_id,
        landmarks.LANDMARKS["no_deal_room_2"].account_id,
    )
    before = await org.all("accounts")
    org.sf.people.merge(winner, [loser])
    run = await org.sync()
    assert run["objects"]["Account"]["merged"] == 1
    after = await org.all("accounts")
    assert loser not in after
    followed = await org.ws.admin.get(f"/v1/accounts/{before[loser]['id']}")
    assert followed.json()["id"] == before[winner]["id"]
    moved = (await org.all("opportunities"))[landmarks.NO_DEAL_ROOM[0]]
    assert moved["account_id"] == before[winner]["id"]


async def test_rows_that_share_an_instant_survive_a_lost_locator(org: Org) -> None:
    org.sf.org.configure({"page_caps": [7]})
    org.sf.people.update_all(list(org.rows("Contact")), {"Title": "Changed at once"})
    org.sf.clock.advance(timedelta(seconds=5))
    await org.connect()
    org.sf.faults.add(
        r"GET /services/data/v62.0/query/0r8",
        status=400,
        headers={"Content-Type": "application/json"},
        body='[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]',
        first=3,
        times=2,
    )
    run = await org.sync()
    assert run["status"] == "succeeded", run["reason"]
    assert {c["title"] for c in (await org.all("contacts")).values()} == {"Changed at once"}
    assert (await org.all("contacts")).keys() == org.rows("Contact").keys()


@pytest.mark.parametrize(
    "preset",
    [
        "invalid_session",
        "concurrent_requests_limit",
        "unknown_exception",
        "lock_row_500",
        "html_ok",
        "edge_420",
        "edge_406",
        "truncated",
        "reset",
        "lost_response",
    ],
)
async def test_passing_trouble_is_waited_out(company: Org, preset: str) -> None:
    await company.connect()
    company.sf.faults.add(r"/queryAll\?q=SELECT .* FROM Contact", preset=preset, times=1)
    run = await company.sync()
    assert (run["status"], run["rejected"]) == ("succeeded", 0), run["reason"]
    assert (await company.all("contacts")).keys() == company.rows("Contact").keys()


async def test_a_spent_quota_makes_the_run_partial_and_keeps_what_it_has(company: Org) -> None:
    await company.connect()
    company.sf.faults.add("FROM Contact", preset="total_requests_limit", times=None)
    run = await company.sync()
    assert run["status"] == "partial"
    assert "TotalRequests Limit exceeded" in run["reason"]
    assert run["next_retry_at"] is not None
    assert (await company.all("accounts")).keys() == company.rows("Account").keys()
    assert await company.all("contacts") == {}
    company.sf.faults.clear()
    run = await company.sync()
    assert run["status"] == "succeeded"
    assert (await company.all("opportunities")).keys() == company.rows("Opportunity").keys()


async def test_endless_trouble_ends_the_run_after_five_tries(company: Org) -> None:
    await company.connect()
    company.sf.faults.add("FROM Account ", preset="server_unavailable", times=None)
    run = await company.sync()
    assert (run["status"], run["reason"]) == (
        "partial",
        "Account: SERVER_UNAVAILABLE: Server unavailable",
    )
    assert len(company.sf.log.matching("FROM Account ")) == 5


async def test_revoked_access_asks_for_a_new_sign_in_once(company: Org) -> None:
    await company.connect()
    company.sf.faults.add("oauth2/token", preset="expired_refresh_token", times=None)
    run = await company.sync()
    assert run["status"] == "failed"
    connection = await company.ws.admin.get(f"/v1/connections/{company.connection_id}")
    assert connection.json()["status"] == "needs_reauth"
    refused = await company.ws.admin.post(f"/v1/connections/{company.connection_id}/sync")
    assert (refused.status_code, refused.json()["code"]) == (409, "connection_stopped")
    company.sf.faults.clear()
    tried = await company.ws.admin.post(f"/v1/connections/{company.connection_id}/test")
    assert tried.json()["ok"], tried.text
    assert (await company.sync())["status"] == "succeeded"


async def test_a_mass_deletion_waits_for_a_person(org: Org) -> None:
    await org.connect()
    await org.sync()
    victims = list(org.rows("Opportunity"))[:20]
    for each in victims:
        org.sf.people.delete(each)
    run = await org.sync()
    assert run["status"] == "held"
    assert run["held"] == {
        "Opportunity": {"deletes": 20, "of": len(victims) + len(org.rows("Opportunity"))}
    }
    assert set(victims) <= (await org.all("opportunities")).keys()
    approved = await org.ws.admin.post(f"/v1/sync-runs/{run['id']}/approve")
    assert approved.status_code == 202, approved.text
    await org.tenure.settle()
    assert (await org.run(run["id"]))["status"] == "succeeded"
    assert (await org.all("opportunities")).keys() == org.rows("Opportunity").keys()
    assert (await org.ws.audited())[0] == "sync_run.approved"


async def test_a_rejected_mass_deletion_keeps_everything(org: Org) -> None:
    await org.connect()
    await org.sync()
    victims = list(org.rows("Opportunity"))[:20]
    org.sf.org.configure({"hidden_records": victims})
    run = await org.sync("full")
    assert run["status"] == "held"
    rejected = await org.ws.admin.post(f"/v1/sync-runs/{run['id']}/reject")
    assert rejected.json()["status"] == "partial"
    assert (await org.sync())["status"] == "succeeded"
    assert (await org.ws.audited())[0] == "sync_run.rejected"
    assert set(victims) <= (await org.all("opportunities")).keys()


async def test_a_hidden_field_leaves_our_values_as_they_are(company: Org) -> None:
    await company.connect()
    await company.sync()
    before = await company.all("contacts")
    company.sf.org.configure({"hidden_fields": {"Contact": ["Product_Admin__c"]}})
    run = await company.sync("full")
    assert "Product_Admin__c" in run["objects"]["Contact"]["note"]
    after = await company.all("contacts")
    assert {k: c["traits"] for k, c in after.items()} == {k: c["traits"] for k, c in before.items()}


async def test_a_field_hidden_between_two_looks_costs_no_run(company: Org) -> None:
    await company.connect()
    await company.sync()
    contact_id = next(iter(company.rows("Contact")))
    company.sf.org.configure({"hidden_fields": {"Contact": ["Product_Admin__c"]}})
    company.sf.people.update(contact_id, {"Title": "Seen all the same"})
    run = await company.sync()
    assert (run["status"], run["kind"]) == ("succeeded", "incremental"), run["reason"]
    assert (await company.all("contacts"))[contact_id]["title"] == "Seen all the same"


async def test_a_query_that_takes_too_long_is_asked_in_parts(company: Org) -> None:
    await company.connect()
    company.sf.faults.add("FROM Contact", preset="query_timeout", times=3)
    run = await company.sync()
    assert run["status"] == "succeeded", run["reason"]
    assert (await company.all("contacts")).keys() == company.rows("Contact").keys()


async def test_a_value_that_is_refused_is_left_out_and_tried_again_when_asked(company: Org) -> None:
    await company.connect()
    await company.sync()
    contact_id = next(
        k for k, row in company.rows("Contact").items() if not row["Product_Admin__c"]
    )
    trait = next(
        each
        for each in (await company.ws.admin.get("/v1/traits?record_type=contact")).json()["data"]
        if each["key"] == "product_admin"
    )
    removed = await company.ws.admin.delete(f"/v1/traits/{trait['id']}?force=true")
    assert removed.status_code == 204, removed.text
    company.sf.people.update(contact_id, {"Product_Admin__c": True, "Title": "New"})
    run = await company.sync()
    assert (run["status"], run["rejected"], run["warned"]) == ("succeeded", 0, 1)
    assert (await company.all("contacts"))[contact_id]["title"] == "New"
    warned = await company.ws.admin.get(f"/v1/connections/{company.connection_id}/warned-records")
    (record,) = warned.json()["data"]
    assert [each["target"] for each in record["left_out"]] == ["traits.product_admin"]
    made = await company.ws.admin.post(
        "/v1/traits",
        {"record_type": "contact", "key": "product_admin", "title": "Admin", "type": "boolean"},
    )
    assert made.status_code == 201, made.text
    path = f"/v1/connections/{company.connection_id}/rejected-records/retry"
    retried = await company.ws.admin.post(path)
    await company.tenure.settle()
    assert (await company.run(retried.json()["id"]))["status"] == "succeeded"
    assert (await company.all("contacts"))[contact_id]["traits"]["product_admin"] is True


async def test_a_paused_connection_is_not_read(company: Org) -> None:
    await company.connect()
    await company.sync()
    paused = await company.ws.admin.post(f"/v1/connections/{company.connection_id}/pause")
    assert paused.json()["status"] == "paused"
    asked = await company.ws.admin.post(f"/v1/connections/{company.connection_id}/sync")
    assert asked.status_code == 409
    company.sf.log.clear()
    await company.tenure.settle()
    assert company.sf.log.matching() == []


async def test_who_left_there_is_let_in_here_no_longer_whatever_they_hold(small_org: Org) -> None:
    org = small_org
    await org.connect()
    await org.sync()
    everyone = (await org.ws.admin.get("/v1/members?limit=200")).json()["data"]
    member = next(one for one in everyone if one["external_id"] and one["active"])
    body = {"name": "Acme", "key_roles": {"csm": [member["id"]]}}
    acme = (await org.ws.admin.post("/v1/accounts", body)).json()
    org.sf.people.update(member["external_id"], {"IsActive": False})
    run = await org.sync()
    assert (run["status"], run["rejected"]) == ("succeeded", 0), "the run is not held up by them"
    left = (await org.ws.admin.get(f"/v1/members/{member['id']}")).json()
    assert left["active"] is False
    path = f"/v1/accounts/{acme['id']}?include=key_roles"
    held = (await org.ws.admin.get(path)).json()["key_roles"]
    assert held == {"csm": [member["id"]]}, "who takes it is for a person to say"
