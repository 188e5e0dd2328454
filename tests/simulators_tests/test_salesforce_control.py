"""Faults on the wire, the control routes, the process and the sandbox it is seeded with."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.simulators.control import BadControl
from tests.simulators.salesforce import landmarks
from tests.simulators.salesforce.people import PEOPLE
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators_tests.salesforce_client import API, Client, error_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[SalesforceSimulator]:
    async with SalesforceSimulator(now=NOW, frozen=True) as running:
        yield running


@pytest.fixture
async def sf(running: SalesforceSimulator) -> SalesforceSimulator:
    running.faults.clear()
    running.log.clear()
    running.clock.set(NOW)
    return running


@pytest.fixture
async def client(sf: SalesforceSimulator) -> AsyncIterator[Client]:
    async with Client(sf) as signed_in:
        yield signed_in


# Faults


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("invalid_session", (401, "INVALID_SESSION_ID", "Session expired or invalid")),
        ("total_requests_limit",
         (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        ("concurrent_requests_limit",
         (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")),
        ("too_many_requests", (429, "REQUEST_LIMIT_EXCEEDED", "Too many requests")),
        ("unknown_exception", (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")),
        ("lock_row_400", (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")),
        ("lock_row_500", (500, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")),
    ],
)  # fmt: skip
async def test_a_preset_speaks_as_salesforce_does(
    sf: SalesforceSimulator, client: Client, preset: str, expected: tuple[int, str, str]
) -> None:
    sf.faults.add("/query", preset=preset)
    status, code, message = error_of(await client.query("SELECT Id FROM Account"))
    assert (status, code) == expected[:2]
    assert message.startswith(expected[2])
    assert (await client.query("SELECT Id FROM Account")).status_code == 200


@pytest.mark.parametrize(
    ("preset", "status"), [("maintenance_page", 503), ("html_ok", 200), ("edge_420", 420)]
)
async def test_a_page_for_people_may_come_instead_of_json(
    sf: SalesforceSimulator, client: Client, preset: str, status: int
) -> None:
    sf.faults.add("/limits", preset=preset)
    answer = await client.get("/limits")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html" in answer.text.lower()


async def test_a_fault_hits_the_nth_matching_request_and_no_more_than_told(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.faults.add("q=SELECT Id FROM Contact", preset="unknown_exception", first=2, times=2)
    asked = [f"SELECT Id FROM {each} LIMIT 1" for each in ("Contact", "Task", *["Contact"] * 3)]
    answers = [(await client.query(text)).status_code for text in asked]
    assert answers == [200, 200, 500, 500, 200]


async def test_a_body_is_cut_in_the_middle(sf: SalesforceSimulator, client: Client) -> None:
    sf.faults.add("/query", preset="truncated", keep=0.3)
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.query("SELECT Id, Name FROM Account")
    assert (await client.query("SELECT Id, Name FROM Account")).json()["totalSize"] == 318


async def test_a_reset_before_the_work_does_nothing_and_one_after_it_does(
    sf: SalesforceSimulator, client: Client
) -> None:
    async def count() -> int:
        counted = await client.query("SELECT count() FROM Account WHERE Name = 'Fault Ltd'")
        return int(counted.json()["totalSize"])

    sf.faults.add("POST .*/sobjects/Account", preset="reset")
    with pytest.raises(httpx2.TransportError):
        await client.create("Account", Name="Fault Ltd")
    assert await count() == 0

    sf.faults.add("POST .*/sobjects/Account", preset="lost_response")
    with pytest.raises(httpx2.TransportError):
        await client.create("Account", Name="Fault Ltd")
    assert await count() == 1

    sf.faults.add("POST .*/sobjects/Account", preset="unknown_exception", after_commit=True)
    answer = await client.send("POST", "/sobjects/Account", {"Name": "Fault Ltd"})
    assert (answer.status_code, await count()) == (500, 2)
    for account_id in sf.people.select("SELECT Id FROM Account WHERE Name = 'Fault Ltd'"):
        sf.people.delete(account_id)


async def test_a_slow_answer_comes_late_but_whole(sf: SalesforceSimulator, client: Client) -> None:
    sf.faults.add("/limits", preset="slow", seconds=0.2)
    started = time.monotonic()
    assert (await client.get("/limits")).status_code == 200
    assert time.monotonic() - started >= 0.2


async def test_a_nonsensical_fault_is_refused(sf: SalesforceSimulator) -> None:
    for settings in ({"preset": "meteor"}, {"kind": "meteor"}, {"sizes": 3}, {"route": "("}):
        with pytest.raises(BadControl):
            sf.faults.add(**settings)


# The control routes


@pytest.fixture
async def control() -> AsyncIterator[httpx2.AsyncClient]:
    """The control routes of an org of its own, with people only."""
    async with SalesforceSimulator(seed=None, now=NOW, frozen=True) as own:
        base = f"{own.url}/__control"
        async with httpx2.AsyncClient(base_url=base, verify=False) as control:
            yield control


async def test_clock_and_faults_are_set_over_http(control: httpx2.AsyncClient) -> None:
    moved = await control.post("/clock/advance", json={"days": 2})
    assert moved.json()["now"] == "2026-03-04T09:30:00+00:00"
    running_on = await control.put("/clock", json={"frozen": False})
    assert running_on.json()["frozen"] is False
    assert (await control.put("/clock", json={"now": "2026-03-04"})).status_code == 400

    planned = (await control.post("/faults", json={"preset": "invalid_session"})).json()
    assert (await control.get("/faults")).json()[0]["id"] == planned["id"]
    assert (await control.delete(f"/faults/{planned['id']}")).status_code == 204
    assert (await control.post("/faults", json={"preset": "meteor"})).status_code == 400


async def test_records_are_edited_over_http(control: httpx2.AsyncClient) -> None:
    given = {"sobject": "Account", "values": {"Name": "By hand"}}
    made = [(await control.post("/records", json=given)).json()["id"] for _ in range(2)]
    path = f"/records/{made[0]}"
    assert (await control.patch(path, json={"values": {"ARR__c": 5}})).status_code == 204
    assert (await control.get(path)).json()["ARR__c"] == 5.0
    unknown = await control.patch(path, json={"values": {"Deal_Room__c": "x"}})
    assert error_of(unknown)[:2] == (400, "INVALID_FIELD")

    everyone = {"soql": "SELECT Id FROM Account"}
    assert (await control.post("/records/touch", json=everyone)).json() == {"count": 2}
    update = everyone | {"values": {"Type": "Other"}}
    assert (await control.post("/records/bulk-update", json=update)).json() == {"count": 2}
    assert (await control.delete(path)).status_code == 204
    assert (await control.post(f"{path}/undelete")).status_code == 204
    merge = {"master": made[0], "losers": made[1:]}
    assert (await control.post("/records/merge", json=merge)).status_code == 204
    assert (await control.get(f"/records/{made[1]}")).json()["MasterRecordId"] == made[0]


async def test_settings_and_the_seed_are_set_over_http(control: httpx2.AsyncClient) -> None:
    assert (await control.patch("/settings", json={"page_caps": [7]})).json()["page_caps"] == [7]
    assert (await control.patch("/settings", json={"pages": [7]})).status_code == 400
    seeded = (await control.post("/seed", json={"seed": 3, "accounts": 60})).json()
    assert seeded["Account"] == 60
    assert (await control.get("/settings")).json()["page_caps"] == []
    assert "hard_bounce" in (await control.get("/landmarks")).json()


async def test_the_request_log_tells_what_the_product_asked(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.faults.add("/limits", preset="reset")
    with pytest.raises(httpx2.TransportError):
        await client.get("/limits")
    await client.query("SELECT Id FROM Task LIMIT 1")
    lost, asked = sf.log.matching("GET /services/data")
    assert (lost.path, lost.status, lost.faults) == (f"{API}/limits", None, ["reset"])
    assert (asked.query, asked.status) == ("q=SELECT Id FROM Task LIMIT 1", 200)
    assert asked.at == NOW.isoformat()
    (signed_in,) = sf.log.matching("POST .*/token")
    assert "grant_type=client_credentials" in signed_in.body


async def start_process(state: Path, *options: str) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulators.salesforce", "--state", str(state), *options,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    url: str = json.loads(await process.stdout.readline())["url"]
    return process, url


async def test_a_killed_process_starts_where_it_was(tmp_path: Path) -> None:
    options = ("--now", "2026-03-02T09:30:00+00:00", "--frozen")
    process, url = await start_process(tmp_path, *options)
    try:
        async with httpx2.AsyncClient(base_url=url, verify=False) as control:
            made = await control.post(
                "/__control/records", json={"sobject": "Account", "values": {"Name": "Kept"}}
            )
            await control.post("/__control/clock/advance", json={"hours": 5})
            await control.patch("/__control/settings", json={"page_caps": [9]})
            app = (await control.get("/__control/app")).json()
    finally:
        process.kill()
        await process.wait()

    process, url = await start_process(tmp_path)
    try:
        async with httpx2.AsyncClient(base_url=url, verify=False) as control:
            kept = (await control.get(f"/__control/records/{made.json()['id']}")).json()
            assert kept["Name"] == "Kept"
            clock = (await control.get("/__control/clock")).json()
            assert (clock["now"], clock["frozen"]) == ("2026-03-02T14:30:00+00:00", True)
            assert (await control.get("/__control/settings")).json()["page_caps"] == [9]
            assert (await control.get("/__control/app")).json() == app
    finally:
        process.terminate()
        assert await process.wait() == 0


# The sandbox


async def test_the_same_seed_gives_the_same_org() -> None:
    def records(sf: SalesforceSimulator) -> list[dict[str, Any]]:
        return [dict(row) for kind in ("Account", "Contact", "Task") for row in sf.org.newest(kind)]

    first, same, other = (
        SalesforceSimulator(seed=seed, now=NOW, frozen=True) for seed in (7, 7, 8)
    )
    assert records(first) == records(same)
    assert records(first) != records(other)
    landmark = landmarks.LANDMARKS["hard_bounce"]
    assert other.people.read(landmark.account_id)["Name"] == landmark.account_name


async def test_the_sandbox_is_large_varied_and_scaled(client: Client) -> None:
    accounts = await client.rows("SELECT Name, CS_Tier__c, Time_Zone__c, Type, Churn_Date__c, "
                                 "Trial_End__c, Owner.Email FROM Account")  # fmt: skip
    assert len(accounts) >= 300
    assert len({account["Name"] for account in accounts}) == len(accounts)
    assert len({account["Time_Zone__c"] for account in accounts}) > 15
    scaled = sum(account["CS_Tier__c"] == "Scaled" for account in accounts) / len(accounts)
    assert 0.55 < scaled < 0.68
    assert sum(bool(account["Churn_Date__c"]) for account in accounts) > 15
    assert sum(bool(account["Trial_End__c"]) for account in accounts) > 12
    assert sum(account["Type"] == "Internal Test" for account in accounts) >= 3
    owners = {account["Owner"]["Email"] for account in accounts}
    assert {person.email for person in PEOPLE if "CSM" in person.title} - owners == {
        "jonas.vermeer@northwind-cs.example"
    }
    contacts = await client.rows("SELECT Email, SystemModstamp FROM Contact")
    assert len(contacts) >= 900
    assert sum(contact["Email"] is None for contact in contacts) > 150
    assert Counter(contact["SystemModstamp"] for contact in contacts).most_common(1)[0][1] == 260
    assert len(await client.rows("SELECT Id FROM Opportunity")) >= 400


async def test_scaled_renewals_enter_a_90_day_audience_as_time_goes_by(client: Client) -> None:
    rows = await client.rows(
        "SELECT Id, Contract_Expiration__c, Deal_Room_URL__c FROM Opportunity WHERE IsClosed = "
        "false AND Type = 'Renewal' AND Account.CS_Tier__c = 'Scaled'"
    )
    ahead = {
        row["Id"]: (date.fromisoformat(row["Contract_Expiration__c"]) - NOW.date()).days
        for row in rows
        if row["Contract_Expiration__c"]
    }
    assert sum(88 <= days <= 94 for days in ahead.values()) == 25
    assert {key for key, days in ahead.items() if 0 <= days < 88} == set(landmarks.LATE)
    assert {key for key, days in ahead.items() if days < 0} == set(landmarks.EXPIRED)
    assert all(days > 120 for days in ahead.values() if days > 94)
    soon = [row for row in rows if 88 <= ahead.get(row["Id"], 0) <= 94]
    assert {row["Id"] for row in soon if not row["Deal_Room_URL__c"]} == set(landmarks.NO_DEAL_ROOM)
    dateless = {row["Id"] for row in rows if not row["Contract_Expiration__c"]}
    assert dateless == set(landmarks.NO_EXPIRATION)
    unreachable = await client.rows(
        "SELECT Id FROM Opportunity WHERE IsClosed = false AND Type = 'Renewal' AND Account."
        "CS_Tier__c = 'Scaled' AND Contract_Expiration__c <= 2026-06-04 AND AccountId NOT IN "
        "(SELECT AccountId FROM Contact WHERE Product_Admin__c = true AND Email != null)"
    )
    assert {row["Id"] for row in unreachable} == set(landmarks.NO_PRODUCT_ADMIN)


async def test_every_landmark_is_as_announced(sf: SalesforceSimulator, client: Client) -> None:
    gone = await client.rows(
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true AND "
        f"SystemModstamp < {NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        everything=True,
    )
    assert {row["Id"]: row["MasterRecordId"] for row in gone} == (
        landmarks.MERGED_ACCOUNTS | {landmarks.DELETED_ACCOUNT: None}
    )
    for loser, winner in landmarks.MERGED_CONTACTS.items():
        assert sf.people.read(loser)["MasterRecordId"] == winner
    assert sf.people.read(landmarks.DELETED_CONTACT)["IsDeleted"] is True
    bounces = sf.people.read(landmarks.HARD_BOUNCE_CONTACT)
    assert (bounces["Email"], bounces["Product_Admin__c"]) == (landmarks.HARD_BOUNCE_EMAIL, True)
    several = await client.rows(
        "SELECT AccountId FROM AccountContactRelation "
        f"WHERE ContactId = '{landmarks.SEVERAL_ACCOUNTS_CONTACT}'"
    )
    assert len(several) == 3
    exponent = await client.get(f"/sobjects/Account/{landmarks.EXPONENT_ACCOUNT}")
    assert '"AnnualRevenue":3.5E8' in exponent.text
    short = await client.get(f"/sobjects/Account/{landmarks.FIFTEEN_CHARACTER_ID}")
    assert short.json()["Name"] == "Copperline Studios"
    for email in (landmarks.REPLY_EMAIL, landmarks.OUT_OF_OFFICE_EMAIL):
        assert len(await client.rows(f"SELECT Id FROM Contact WHERE Email = '{email}'")) == 1


def test_people_have_the_ids_of_their_users(running: SalesforceSimulator) -> None:
    for person in PEOPLE:
        assert running.people.read(person.user_id)["Email"] == person.email
