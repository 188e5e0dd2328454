"""What a sync has to see: stamps, late commits, deletions, merges, replication, bulk queries."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulators.salesforce.people import PEOPLE
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators_tests.salesforce_client import Client, error_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ADMIN = PEOPLE[-1].user_id


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[SalesforceSimulator]:
    async with SalesforceSimulator(seed=None, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture
async def sf(running: SalesforceSimulator) -> SalesforceSimulator:
    running.clock.set(NOW)
    running.start_over()
    running.org.configure({"session_seconds": 10**9})
    return running


@pytest.fixture
async def client(sf: SalesforceSimulator) -> AsyncIterator[Client]:
    async with Client(sf) as signed_in:
        yield signed_in


async def names(client: Client, where: str = "") -> list[str]:
    rows = await client.rows(f"SELECT Name FROM Account {where} ORDER BY Name")
    return [row["Name"] for row in rows]


async def replicated(client: Client, kind: str, start: datetime, end: datetime) -> dict[str, Any]:
    answer = await client.get(
        f"/sobjects/Account/{kind}/", start=start.isoformat(), end=end.isoformat()
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


# Stamps and late commits


async def test_a_late_commit_appears_below_a_cursor_already_passed(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.org.configure({"commit_delay_seconds": 300})
    sf.people.create("Account", {"Name": "Late"})
    sf.clock.advance(timedelta(seconds=60))
    sf.people.create("Account", {"Name": "Prompt"}, delay=0)
    assert await names(client) == ["Prompt"]

    sf.clock.advance(timedelta(seconds=240))
    rows = await client.rows("SELECT Name, SystemModstamp FROM Account ORDER BY SystemModstamp")
    assert [row["Name"] for row in rows] == ["Late", "Prompt"]
    assert rows[0]["SystemModstamp"] == "2026-03-02T09:30:00.000+0000"


async def test_until_an_edit_commits_others_read_the_old_value_and_cannot_write(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Before")
    sf.people.update(account_id, {"Name": "After"}, delay=30)
    assert await names(client) == ["Before"]
    refused = await client.send("PATCH", f"/sobjects/Account/{account_id}", {"ARR__c": 1})
    assert error_of(refused)[:2] == (400, "UNABLE_TO_LOCK_ROW")

    sf.clock.advance(timedelta(seconds=30))
    written = await client.send("PATCH", f"/sobjects/Account/{account_id}", {"ARR__c": 1})
    assert written.status_code == 204
    assert await names(client) == ["After"]


async def test_a_bulk_update_gives_many_rows_one_stamp(
    sf: SalesforceSimulator, client: Client
) -> None:
    for number in range(300):
        sf.people.create("Account", {"Name": f"A{number}"})
        sf.clock.advance(timedelta(seconds=1))
    sf.people.update_all(sf.people.select("SELECT Id FROM Account"), {"Type": "Customer"})
    rows = await client.rows("SELECT SystemModstamp, LastModifiedById FROM Account")
    assert len(rows) == 300
    assert {row["SystemModstamp"] for row in rows} == {"2026-03-02T09:35:00.000+0000"}
    assert {row["LastModifiedById"] for row in rows} == {ADMIN}


async def test_a_picklist_rename_moves_the_stamp_and_nothing_else(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    sf.clock.advance(timedelta(hours=1))
    sf.people.touch([account_id])
    (row,) = await client.rows("SELECT LastModifiedDate, SystemModstamp FROM Account")
    assert row["LastModifiedDate"] == "2026-03-02T09:30:00.000+0000"
    assert row["SystemModstamp"] == "2026-03-02T10:30:00.000+0000"


async def test_a_formula_changes_without_a_stamp(sf: SalesforceSimulator, client: Client) -> None:
    account_id = await client.create("Account", Name="Acme", CS_Tier__c="Managed")
    await client.create("Opportunity", Name="R", StageName="Discovery", CloseDate="2026-04-01",
                        AccountId=account_id)  # fmt: skip
    text = "SELECT Account_CS_Tier__c, SystemModstamp FROM Opportunity"
    (before,) = await client.rows(text)
    sf.clock.advance(timedelta(hours=1))
    sf.people.update(account_id, {"CS_Tier__c": "Scaled"})
    (after,) = await client.rows(text + " WHERE Account_CS_Tier__c = 'scaled'")
    assert before["Account_CS_Tier__c"] == "Managed"
    assert before["SystemModstamp"] == after["SystemModstamp"]


# Deletions and merges


async def test_a_deletion_takes_the_children_and_undelete_brings_them_back(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    await client.create("Contact", LastName="Ito", AccountId=account_id)
    sf.clock.advance(timedelta(minutes=5))
    sf.people.delete(account_id)
    assert await names(client) == []
    assert await client.rows("SELECT Id FROM Contact") == []
    (gone,) = await client.rows(
        "SELECT IsDeleted, MasterRecordId, SystemModstamp FROM Contact", everything=True
    )
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, None)
    assert gone["SystemModstamp"] == "2026-03-02T09:35:00.000+0000"

    sf.clock.advance(timedelta(minutes=5))
    sf.people.undelete(account_id)
    (back,) = await client.rows("SELECT IsDeleted, SystemModstamp, Account.Name FROM Contact")
    assert back["SystemModstamp"] == "2026-03-02T09:40:00.000+0000"
    assert (back["IsDeleted"], back["Account"]["Name"]) == (False, "Acme")


async def test_a_deleted_record_is_purged_after_15_days(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    sf.people.delete(account_id)
    sf.clock.advance(timedelta(days=15))
    assert len(await client.rows("SELECT Id FROM Account", everything=True)) == 1
    sf.clock.advance(timedelta(seconds=1))
    assert await client.rows("SELECT Id FROM Account", everything=True) == []
    assert error_of(await client.get(f"/sobjects/Account/{account_id}"))[:2] == (404, "NOT_FOUND")


async def test_a_merge_leaves_an_alias_and_moves_the_children(
    sf: SalesforceSimulator, client: Client
) -> None:
    winner, loser = [await client.create("Account", Name=name) for name in ("Winner", "Loser")]
    contact_id = await client.create("Contact", LastName="Ito", AccountId=loser)
    await client.create("AccountContactRelation", AccountId=winner, ContactId=contact_id)
    sf.clock.advance(timedelta(minutes=5))
    sf.people.merge(winner, [loser])

    assert await names(client) == ["Winner"]
    (alias,) = await client.rows(
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", everything=True
    )
    assert (alias["Id"], alias["MasterRecordId"]) == (loser, winner)
    (contact,) = await client.rows(
        "SELECT AccountId, LastModifiedDate, SystemModstamp FROM Contact"
    )
    assert contact["AccountId"] == winner
    assert contact["LastModifiedDate"] < contact["SystemModstamp"]
    (relation,) = await client.rows("SELECT AccountId, IsDirect FROM AccountContactRelation")
    assert (relation["AccountId"], relation["IsDirect"]) == (winner, True)
    refused = await client.send("PATCH", f"/sobjects/Account/{loser}", {"Name": "Ghost"})
    assert error_of(refused) == (404, "ENTITY_IS_DELETED", "entity is deleted")


async def test_children_can_be_moved_silently(sf: SalesforceSimulator, client: Client) -> None:
    sf.org.configure({"silent_reparenting": True})
    winner, loser = [await client.create("Account", Name=name) for name in ("Winner", "Loser")]
    await client.create("Contact", LastName="Ito", AccountId=loser)
    sf.clock.advance(timedelta(minutes=5))
    sf.people.merge(winner, [loser])
    (contact,) = await client.rows("SELECT AccountId, SystemModstamp FROM Contact")
    assert contact["AccountId"] == winner
    assert contact["SystemModstamp"] == "2026-03-02T09:30:00.000+0000"


async def test_a_contact_has_one_direct_account(client: Client) -> None:
    first, second = [await client.create("Account", Name=name) for name in ("First", "Second")]
    contact_id = await client.create("Contact", LastName="Ito", AccountId=first)
    await client.send("PATCH", f"/sobjects/Contact/{contact_id}", {"AccountId": second})
    rows = await client.rows("SELECT AccountId, IsDirect FROM AccountContactRelation")
    assert [(row["AccountId"], row["IsDirect"]) for row in rows] == [(second, True)]


# Replication


async def test_updated_ids_come_with_the_next_start(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    sf.clock.advance(timedelta(minutes=10))
    late = NOW + timedelta(minutes=10)
    found = await replicated(client, "updated", NOW, late)
    assert found == {"ids": [account_id], "latestDateCovered": "2026-03-02T09:38:00.000+0000"}

    sf.org.configure({"replication_lag_seconds": 0})
    sf.people.update(account_id, {"Name": "Acme Ltd"}, delay=600)
    sf.clock.advance(timedelta(minutes=5))
    found = await replicated(client, "updated", late, NOW + timedelta(minutes=15))
    assert found == {"ids": [], "latestDateCovered": "2026-03-02T09:39:59.000+0000"}


async def test_deleted_ids_come_with_the_reach_of_the_log(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    sf.people.delete(account_id)
    sf.clock.advance(timedelta(minutes=10))
    end = NOW + timedelta(minutes=10)
    found = await replicated(client, "deleted", NOW, end)
    assert found == {
        "deletedRecords": [{"id": account_id, "deletedDate": "2026-03-02T09:30:00.000+0000"}],
        "earliestDateAvailable": "2026-02-15T09:40:00.000+0000",
        "latestDateCovered": "2026-03-02T09:38:00.000+0000",
    }
    sf.org.configure({"deleted_log_since": "2026-03-02T09:35:00.000Z"})
    found = await replicated(client, "deleted", NOW, end)
    assert found["deletedRecords"] == []
    assert found["earliestDateAvailable"] == "2026-03-02T09:35:00.000+0000"


@pytest.mark.parametrize(
    ("kind", "ago", "length"),
    [("updated", 31 * 86_400, 3_600), ("deleted", 16 * 86_400, 3_600), ("updated", 3_600, 30)],
)
async def test_a_window_out_of_reach_is_refused(
    client: Client, kind: str, ago: int, length: int
) -> None:
    start = NOW - timedelta(seconds=ago)
    end = start + timedelta(seconds=length)
    refused = await client.get(
        f"/sobjects/Account/{kind}", start=start.isoformat(), end=end.isoformat()
    )
    assert error_of(refused)[:2] == (400, "INVALID_REPLICATION_DATE")


# Bulk queries


async def start_job(client: Client, query: str, operation: str = "query") -> dict[str, Any]:
    made = await client.send("POST", "/jobs/query", {"operation": operation, "query": query})
    job: dict[str, Any] = made.raise_for_status().json()
    return job


async def finished(client: Client, job_id: str) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = (await client.get(f"/jobs/query/{job_id}")).json()
        if job["state"] not in {"UploadComplete", "InProgress"}:
            return job


async def test_a_bulk_job_gives_pages_of_csv_until_the_locator_says_null(
    sf: SalesforceSimulator, client: Client
) -> None:
    for number in range(5):
        await client.create("Account", Name=f'A"{number}\n', ARR__c=5e7 if number else None)
    job = await start_job(client, "SELECT Name, ARR__c, Owner.Name, CreatedDate FROM Account "
                                  "ORDER BY Name")  # fmt: skip
    assert (job["state"], job["object"]) == ("UploadComplete", "Account")
    path = f"/jobs/query/{job['id']}"
    assert error_of(await client.get(f"{path}/results"))[1] == "INVALIDJOBSTATE"
    job = await finished(client, job["id"])
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 5)

    first = await client.get(f"{path}/results", maxRecords="3")
    assert (first.headers["sforce-numberofrecords"], first.headers["content-type"]) == (
        "3",
        "text/csv; charset=utf-8",
    )
    locator = first.headers["sforce-locator"]
    second = await client.get(f"{path}/results", maxRecords="3", locator=locator)
    assert second.headers["sforce-locator"] == "null"
    pages = [list(csv.reader(io.StringIO(page.text))) for page in (first, second)]
    assert [len(page) for page in pages] == [4, 3]
    assert pages[0][0] == pages[1][0] == ["Name", "ARR__c", "Owner.Name", "CreatedDate"]
    assert pages[0][1] == ['A"0\n', "", "Integration User", "2026-03-02T09:30:00.000Z"]
    assert pages[0][2][1] == "5.0E7"

    sf.org.configure({"bulk_missing_rows": 1})
    short = await client.get(f"{path}/results")
    assert short.headers["sforce-numberofrecords"] == "4"


async def test_a_bulk_job_can_fail_be_aborted_and_be_unsupported(
    sf: SalesforceSimulator, client: Client
) -> None:
    quota = "Max bulk v2 query jobs (10000) per 24 hrs has been reached"
    sf.org.configure({"bulk_failure": quota})
    failed = await finished(client, (await start_job(client, "SELECT Id FROM Account"))["id"])
    assert (failed["state"], failed["errorMessage"]) == ("Failed", quota)

    job = await start_job(client, "SELECT Id FROM Account", "queryAll")
    aborted = await client.send("PATCH", f"/jobs/query/{job['id']}", {"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert (await client.send("DELETE", f"/jobs/query/{job['id']}")).status_code == 204
    assert (await client.get(f"/jobs/query/{job['id']}")).status_code == 404

    body = {"operation": "query", "query": "SELECT Id FROM ContentNote"}
    refused = await client.send("POST", "/jobs/query", body)
    assert error_of(refused) == (
        400,
        "INVALIDENTITY",
        "Entity 'ContentNote' is not supported by the Bulk API.",
    )
