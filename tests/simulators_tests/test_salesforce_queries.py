"""SOQL over the wire: what is selected, in which order, in which pages, and what is refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulators.salesforce.people import PEOPLE
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators_tests.salesforce_client import Client, error_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ANA = PEOPLE[0]

_ACCOUNTS: list[dict[str, Any]] = [
    {"Name": "Acme", "ARR__c": 1_000, "Trial_End__c": "2026-03-01", "CS_Tier__c": "Scaled"},
    {"Name": "acorn 100%", "ARR__c": 350_000_000, "Type": "Customer"},
    {"Name": "O'Hara_Co", "Trial_End__c": "2026-03-05", "CS_Tier__c": "Managed"},
    {"Name": "Zürich\nFoods", "ARR__c": 0.0005, "Type": "Prospect"},
]


@pytest.fixture(scope="module")
async def sf() -> AsyncIterator[SalesforceSimulator]:
    """Four accounts of Ana, made an hour apart; the first has contacts and a deal. Read only."""
    async with SalesforceSimulator(seed=None, now=NOW, frozen=True) as running:
        for given in _ACCOUNTS:
            running.people.create("Account", {"OwnerId": ANA.user_id} | given)
            running.clock.advance(timedelta(hours=1))
        (acme,) = running.people.select("SELECT Id FROM Account WHERE Name = 'Acme'")
        for last_name, admin in (("Ito", True), ("Kaya", False)):
            contact = {"LastName": last_name, "AccountId": acme, "Product_Admin__c": admin}
            running.people.create("Contact", contact)
        running.people.create("Contact", {"LastName": "Homeless"})
        deal = {"Name": "Renewal", "AccountId": acme, "StageName": "Closed Won"}
        running.people.create("Opportunity", deal | {"CloseDate": "2026-03-31"})
        running.clock.set(NOW)
        yield running


@pytest.fixture
async def client(sf: SalesforceSimulator) -> AsyncIterator[Client]:
    sf.org.configure({"page_caps": [], "locator_seconds": 172_800})
    sf.clock.set(NOW)
    async with Client(sf) as signed_in:
        yield signed_in


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name != 'acme' AND ARR__c != null", ["Zürich\nFoods", "acorn 100%"]),
        ("ARR__c > 1e3", ["acorn 100%"]),
        ("ARR__c >= 0.0005 AND ARR__c <= 1000.0", ["Acme", "Zürich\nFoods"]),
        ("ARR__c = null", ["O'Hara_Co"]),
        ("Type IN ('customer', 'Prospect')", ["Zürich\nFoods", "acorn 100%"]),
        ("Type NOT IN ('Customer')", ["Acme", "O'Hara_Co", "Zürich\nFoods"]),
        ("Name LIKE 'AC%'", ["Acme", "acorn 100%"]),
        ("Name LIKE '%\\%'", ["acorn 100%"]),
        ("Name LIKE 'O\\'Hara\\_Co'", ["O'Hara_Co"]),
        ("Name LIKE 'A_me'", ["Acme"]),
        ("Name = 'Zürich\\nFoods'", ["Zürich\nFoods"]),
        ("Trial_End__c < 2026-03-05", ["Acme"]),
        ("Trial_End__c = NEXT_N_DAYS:3", ["O'Hara_Co"]),
        ("Trial_End__c <= TODAY", ["Acme"]),
        ("CreatedDate = TODAY AND CreatedDate <= 2026-03-02T10:30:00.000Z",
         ["Acme", "acorn 100%"]),
        ("CreatedDate > 2026-03-02T12:30:00+02:00", ["O'Hara_Co", "Zürich\nFoods"]),
        ("IsDeleted = false AND (Name = 'Acme' OR (NOT (ARR__c < 1e9)))", ["Acme", "O'Hara_Co"]),
        ("NOT Name LIKE 'a%'", ["O'Hara_Co", "Zürich\nFoods"]),
        ("Owner.Email = 'ana.silva@northwind-cs.example' AND Account.Name = 'Acme'", ["Acme"]),
        ("Id IN (SELECT AccountId FROM Contact WHERE Product_Admin__c = true)", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Opportunity)",
         ["O'Hara_Co", "Zürich\nFoods", "acorn 100%"]),
    ],
)  # fmt: skip
async def test_a_condition_selects_its_rows(
    client: Client, condition: str, names: list[str]
) -> None:
    rows = await client.rows(f"SELECT Name FROM Account WHERE {condition}")
    assert sorted(row["Name"] for row in rows) == names


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT Id FRM Account", "MALFORMED_QUERY", "unexpected token: 'FRM'"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY", "unclosed string"),
        ("SELECT Id FROM Account WHERE Name = :name", "MALFORMED_QUERY", "unexpected char: ':'"),
        ("SELECT Id FROM Account WHERE Id = '1' AND Id = '2' OR Id = '3'", "MALFORMED_QUERY",
         "unexpected token: 'OR'"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'", "MALFORMED_QUERY",
         "unexpected token: 'NOT'"),
        ("SELECT Id FROM Account LIMIT many", "MALFORMED_QUERY", "unexpected token: 'many'"),
        ("SELECT Id FROM Account GROUP BY Id", "MALFORMED_QUERY", "unexpected token: 'GROUP'"),
        ("SELECT Id, Foo__c FROM Account", "INVALID_FIELD",
         "No such column 'Foo__c' on entity 'Account'."),
        ("SELECT Id FROM Contact WHERE Account.Foo = 1", "INVALID_FIELD",
         "No such column 'Foo' on entity 'Account'."),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD",
         "Didn't understand relationship 'Boss' in field path."),
        ("SELECT Id FROM Account WHERE ARR__c = '5'", "INVALID_FIELD",
         "'ARR__c' must be of type double and should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD",
         "'Name' must be of type string and should be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD",
         "'SystemModstamp' must be of type dateTime and should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD",
         "field 'Description' can not be filtered in a query call"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR",
         "Invalid operator on id field"),
        ("SELECT Id FROM Account WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR",
         "invalid ID field: nonsense"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE",
         "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM ContentDocumentLink", "MALFORMED_QUERY",
         "ContentDocumentLink requires a filter"),
    ],
)  # fmt: skip
async def test_a_bad_query_is_refused_by_its_reason(
    client: Client, query: str, code: str, message: str
) -> None:
    status, found, said = error_of(await client.query(query))
    assert (status, found) == (400, code)
    assert message in said


async def test_a_refusal_points_at_the_place(client: Client) -> None:
    _, _, message = error_of(await client.query("SELECT Id\nFRM Account"))
    assert message == (
        "\nSELECT Id FRM Account\n          ^\nERROR at Row:2:Column:1\nunexpected token: 'FRM'"
    )
    assert error_of(await client.get("/query"))[1] == "MALFORMED_QUERY"


async def test_parents_are_nested_and_a_missing_parent_is_null(client: Client) -> None:
    rows = await client.rows(
        "SELECT Name, Account.Name, account.owner.email FROM Contact ORDER BY LastName"
    )
    assert [row["Name"] for row in rows] == ["Homeless", "Ito", "Kaya"]
    assert rows[0]["Account"] is None
    account = rows[1]["Account"]
    assert account["attributes"]["type"] == "Account"
    assert (account["Name"], account["Owner"]["Email"]) == ("Acme", ANA.email)
    assert list(rows[1]) == ["attributes", "Name", "Account"]


async def test_children_come_as_a_result_of_their_own(client: Client) -> None:
    rows = await client.rows(
        "SELECT Name, (SELECT LastName FROM Contacts WHERE Product_Admin__c = true) "
        "FROM Account WHERE Name IN ('Acme', 'O\\'Hara_Co') ORDER BY Name"
    )
    assert rows[0]["Contacts"]["totalSize"] == 1
    assert rows[0]["Contacts"]["records"][0]["LastName"] == "Ito"
    assert rows[1]["Contacts"] is None


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("Name", ["Acme", "acorn 100%", "O'Hara_Co", "Zürich\nFoods"]),
        ("ARR__c", ["O'Hara_Co", "Zürich\nFoods", "Acme", "acorn 100%"]),
        ("ARR__c DESC NULLS LAST", ["acorn 100%", "Acme", "Zürich\nFoods", "O'Hara_Co"]),
        ("CS_Tier__c ASC NULLS LAST, Name DESC",
         ["O'Hara_Co", "Acme", "Zürich\nFoods", "acorn 100%"]),
        ("CreatedDate DESC LIMIT 2 OFFSET 1", ["O'Hara_Co", "acorn 100%"]),
    ],
)  # fmt: skip
async def test_rows_come_in_the_order_asked_for(
    client: Client, order: str, names: list[str]
) -> None:
    rows = await client.rows(f"SELECT Name FROM Account ORDER BY {order}")
    assert [row["Name"] for row in rows] == names


async def test_numbers_and_instants_look_as_on_the_wire(client: Client) -> None:
    text = (await client.query("SELECT ARR__c, CreatedDate, Trial_End__c FROM Account")).text
    for written in ('"ARR__c":3.5E8', '"ARR__c":5.0E-4', '"ARR__c":1000.0', '"ARR__c":null'):
        assert written in text
    assert '"CreatedDate":"2026-03-02T09:30:00.000+0000"' in text
    assert '"Trial_End__c":"2026-03-05"' in text


async def test_a_count_has_no_records(client: Client) -> None:
    counted = (await client.query("SELECT count() FROM Account WHERE ARR__c > 0")).json()
    assert counted == {"totalSize": 3, "done": True, "records": []}


async def test_an_id_of_15_characters_finds_its_record(client: Client) -> None:
    (row,) = await client.rows("SELECT Id FROM Account WHERE Name = 'Acme'")
    short = row["Id"][:15]
    assert await client.rows(f"SELECT Id FROM Account WHERE Id = '{short}'") == [row]
    read = await client.get(f"/sobjects/Account/{short}", fields="Name")
    assert read.json()["Name"] == "Acme"
    wrong_case = short[:-1] + short[-1].swapcase() if short[-1].isalpha() else short[:4].lower()
    refused = await client.query(f"SELECT Id FROM Account WHERE Id = '{wrong_case}'")
    assert refused.status_code == 400 or refused.json()["totalSize"] == 0


async def test_pages_shrink_and_still_give_every_row_once(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.org.configure({"page_caps": [2, 1]})
    first = (await client.query("SELECT Name FROM Account ORDER BY Name")).json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (4, False, 2)
    assert first["nextRecordsUrl"].startswith("/services/data/v62.0/query/0r8")
    assert first["nextRecordsUrl"].endswith("-2")
    second = (await client.http.get(first["nextRecordsUrl"])).json()
    assert len(second["records"]) == 1
    again = (await client.http.get(first["nextRecordsUrl"])).json()
    assert again["records"][0] == second["records"][0]

    names = [row["Name"] for row in await client.rows("SELECT Name FROM Account ORDER BY Name")]
    assert names == ["Acme", "acorn 100%", "O'Hara_Co", "Zürich\nFoods"]


async def test_a_locator_expires(sf: SalesforceSimulator, client: Client) -> None:
    sf.org.configure({"page_caps": [1], "locator_seconds": 900})
    page = (await client.query("SELECT Id FROM Account")).json()
    sf.clock.advance(timedelta(seconds=899))
    assert (await client.http.get(page["nextRecordsUrl"])).status_code == 200
    sf.clock.advance(timedelta(seconds=2))
    gone = await client.http.get(page["nextRecordsUrl"])
    assert error_of(gone) == (400, "INVALID_QUERY_LOCATOR", "invalid query locator")


async def test_the_eleventh_open_cursor_releases_the_least_recently_read(
    sf: SalesforceSimulator, client: Client
) -> None:
    sf.org.configure({"page_caps": [1]})
    pages = [(await client.query("SELECT Id FROM Account")).json() for _ in range(10)]
    assert (await client.http.get(pages[0]["nextRecordsUrl"])).status_code == 200
    pages.append((await client.query("SELECT Id FROM Account")).json())
    answers = [(await client.http.get(page["nextRecordsUrl"])).status_code for page in pages]
    assert answers == [200, 400] + [200] * 9


async def test_the_page_length_is_the_clients_wish_within_bounds() -> None:
    async with SalesforceSimulator(now=NOW, frozen=True) as sandbox, Client(sandbox) as client:
        text = "SELECT Id FROM Contact"
        for wish, length in (("batchSize=250", 250), ("batchSize=1", 200), ("nonsense", 1115)):
            client.http.headers["sforce-query-options"] = wish
            page = (await client.query(text)).json()
            assert len(page["records"]) == min(length, page["totalSize"])
