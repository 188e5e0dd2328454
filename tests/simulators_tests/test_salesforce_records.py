"""Describe, single records, upserts, collections and composite requests."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulators.salesforce.people import INTEGRATION, PEOPLE
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.simulators_tests.salesforce_client import API, Client, error_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[SalesforceSimulator]:
    async with SalesforceSimulator(seed=None, now=NOW, frozen=True) as running:
        yield running


@pytest.fixture
async def sf(running: SalesforceSimulator) -> SalesforceSimulator:
    running.clock.set(NOW)
    running.start_over()
    return running


@pytest.fixture
async def client(sf: SalesforceSimulator) -> AsyncIterator[Client]:
    async with Client(sf) as signed_in:
        yield signed_in


# Describe


async def test_describe_tells_of_fields_and_is_not_repeated(
    sf: SalesforceSimulator, client: Client
) -> None:
    described = await client.get("/sobjects/Opportunity/describe")
    fields = {field["name"]: field for field in described.json()["fields"]}
    assert fields["StageName"]["type"] == "picklist"
    assert not fields["StageName"]["nillable"]
    assert {"active": True, "defaultValue": False, "label": "Closed Won", "validFor": None,
            "value": "Closed Won"} in fields["StageName"]["picklistValues"]  # fmt: skip
    assert (fields["ARR__c"]["soapType"], fields["ARR__c"]["custom"]) == ("xsd:double", True)
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["Account_CS_Tier__c"]["calculated"]
    assert not fields["IsWon"]["updateable"]

    since = {"if-modified-since": described.headers["last-modified"]}
    unchanged = await client.http.get(f"{API}/sobjects/Opportunity/describe", headers=since)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    sf.clock.advance(timedelta(minutes=1))
    sf.org.configure({"hidden_fields": {"Opportunity": ["ARR__c"]}})
    changed = await client.http.get(f"{API}/sobjects/Opportunity/describe", headers=since)
    assert "ARR__c" not in {field["name"] for field in changed.json()["fields"]}


async def test_a_hidden_field_looks_like_one_that_never_was(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme", ARR__c=5)
    sf.org.configure({"hidden_fields": {"Account": ["ARR__c"]}})
    status, code, message = error_of(await client.query("SELECT ARR__c FROM Account"))
    assert (status, code) == (400, "INVALID_FIELD")
    assert "No such column 'ARR__c' on entity 'Account'." in message
    written = await client.send("PATCH", f"/sobjects/Account/{account_id}", {"ARR__c": 6})
    assert written.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert written.json()[0]["fields"] == ["ARR__c"]


async def test_a_record_that_sharing_hides_is_silently_absent(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    sf.org.configure({"hidden_records": [account_id]})
    assert await client.rows("SELECT Id FROM Account", everything=True) == []
    assert (await client.get(f"/sobjects/Account/{account_id}")).status_code == 404


# Single records


async def test_a_record_is_created_read_changed_and_deleted(
    sf: SalesforceSimulator, client: Client
) -> None:
    made = await client.send("POST", "/sobjects/Account", {"name": "Acme", "ARR__c": "12.5"})
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], "success": True, "errors": []}
    path = f"/sobjects/Account/{made.json()['id']}"

    sf.clock.advance(timedelta(minutes=5))
    assert (await client.send("PATCH", path, {"CS_Tier__c": "Scaled"})).status_code == 204
    read = (await client.get(path)).json()
    assert (read["Name"], read["ARR__c"], read["CS_Tier__c"]) == ("Acme", 12.5, "Scaled")
    assert read["OwnerId"] == read["LastModifiedById"] == INTEGRATION.user_id
    assert read["CreatedDate"] == "2026-03-02T09:30:00.000+0000"
    assert read["SystemModstamp"] == "2026-03-02T09:35:00.000+0000"

    assert (await client.send("DELETE", path)).status_code == 204
    gone = (404, "ENTITY_IS_DELETED", "entity is deleted")
    assert error_of(await client.get(path)) == gone
    assert error_of(await client.send("PATCH", path, {"Name": "Again"})) == gone
    assert error_of(await client.send("DELETE", path)) == gone


async def test_a_stage_decides_what_is_closed_and_won(client: Client) -> None:
    deal_id = await client.create(
        "Opportunity", Name="Renewal", StageName="Closed Won", CloseDate="2026-03-31"
    )
    read = (await client.get(f"/sobjects/Opportunity/{deal_id}")).json()
    assert (read["IsClosed"], read["IsWon"], read["ForecastCategory"]) == (True, True, "Closed")
    assert read["Probability"] == 100.0


async def test_the_renewal_status_can_be_written_back(client: Client) -> None:
    deal_id = await client.create(
        "Opportunity", Name="Renewal", StageName="Discovery", CloseDate="2026-03-31"
    )
    status = {
        "Renewal_Sequence_Status__c": "Sent: 60 days",
        "Renewal_Sequence_Status_At__c": "2026-03-02T10:30:15.123+01:00",
    }
    path = f"/sobjects/Opportunity/{deal_id}"
    assert (await client.send("PATCH", path, status)).status_code == 204
    read = (await client.get(path, fields=",".join(status))).json()
    assert read["Renewal_Sequence_Status__c"] == "Sent: 60 days"
    assert read["Renewal_Sequence_Status_At__c"] == "2026-03-02T09:30:15.000+0000"
    assert set(read) == {"attributes", *status}


@pytest.mark.parametrize(
    ("sobject", "given", "code", "message"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ("Account", {"Name": ""}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ("Account", {"Name": "A", "Foo__c": 1}, "INVALID_FIELD",
         "No such column 'Foo__c' on sobject of type Account"),
        ("Account", {"Name": "A", "CreatedDate": "2020-01-01T00:00:00Z"},
         "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: CreatedDate."),
        ("Account", {"Name": "A", "CS_Tier__c": "Gold"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "bad value for restricted picklist field: Gold"),
        ("Account", {"Name": "A" * 256}, "STRING_TOO_LONG", "(max length=255)"),
        ("Account", {"Name": "A", "ARR__c": "much"}, "JSON_PARSER_ERROR",
         "Cannot deserialize instance of double"),
        ("Account", {"Name": "A", "Trial_End__c": "31.03.2026"}, "JSON_PARSER_ERROR",
         "Cannot deserialize instance of date"),
        ("Account", {"Name": "A", "ParentId": "x"}, "MALFORMED_ID", "id value of incorrect type"),
        ("Account", {"Name": "A", "ParentId": "001Hn0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY",
         "invalid cross reference id"),
        ("Account", {"Name": "A", "OwnerId": "001Hn0000000001"}, "FIELD_INTEGRITY_EXCEPTION",
         "id value of incorrect type"),
        ("Contact", {"LastName": "B", "Email": "not an address"}, "INVALID_EMAIL_ADDRESS",
         "invalid email address: not an address"),
        ("Contact", {"LastName": "B", "Product_Admin__c": "yes"}, "JSON_PARSER_ERROR",
         "Cannot deserialize instance of boolean"),
    ],
)  # fmt: skip
async def test_a_write_is_refused_by_its_first_fault(
    client: Client, sobject: str, given: dict[str, Any], code: str, message: str
) -> None:
    refused = await client.send("POST", f"/sobjects/{sobject}", given)
    status, found, said = error_of(refused)
    assert (status, found) == (400, code)
    assert message in said
    assert await client.rows(f"SELECT Id FROM {sobject}") == []


async def test_what_is_not_json_is_refused(client: Client) -> None:
    path = f"{API}/sobjects/Account"
    json_type = {"content-type": "application/json"}
    for body in ("{", '{"Name": NaN}', "[" * 100_000):
        refused = await client.http.post(path, content=body, headers=json_type)
        assert error_of(refused)[:2] == (400, "JSON_PARSER_ERROR")
    untyped = await client.http.post(path, content="{}")
    assert error_of(untyped)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs/query", {"operation": {"a": 1}}),
        ("/composite", {"compositeRequest": [{"method": "GET"}]}),
        ("/composite/sobjects/Account", {"ids": None, "fields": {}}),
        ("/sobjects/Account", {"Name": "A", "ARR__c": 10**400}),
        ("/sobjects/Account", {"Name": "A", "Trial_End__c": "0001-01-01"}),
        ("/sobjects/Account", []),
    ],
)
async def test_a_shapeless_body_is_the_clients_fault(client: Client, path: str, body: Any) -> None:
    assert (await client.send("POST", path, body)).status_code == 400


async def test_an_activity_stamps_whom_it_concerns_without_editing_them(
    sf: SalesforceSimulator, client: Client
) -> None:
    account_id = await client.create("Account", Name="Acme")
    contact_id = await client.create("Contact", LastName="Ito", AccountId=account_id)
    sf.clock.advance(timedelta(hours=1))
    await client.create("Task", WhoId=contact_id, Status="Completed", ActivityDate="2026-03-02")
    for row in await client.rows("SELECT LastModifiedDate, SystemModstamp FROM Contact"):
        assert row["LastModifiedDate"] < row["SystemModstamp"]
    (task,) = await client.rows("SELECT AccountId, Who.Name, IsClosed FROM Task")
    assert (task["AccountId"], task["Who"]["Name"]) == (account_id, "Ito")


async def test_old_closed_activities_are_archived_from_plain_queries(client: Client) -> None:
    await client.create("Task", Subject="Call", Status="Completed", ActivityDate="2025-03-01")
    text = "SELECT Subject, IsArchived, IsDeleted FROM Task"
    assert await client.rows(text) == []
    (row,) = await client.rows(text, everything=True)
    assert (row["IsArchived"], row["IsDeleted"]) == (True, False)


# By external id


async def test_an_upsert_creates_then_changes(client: Client) -> None:
    path = "/sobjects/Account/Tenure_Id__c/a%2F1"
    created = await client.send("PATCH", path, {"Name": "Acme"})
    assert (created.status_code, created.json()["created"]) == (201, True)
    changed = await client.send("PATCH", path, {"Name": "Acme Ltd"})
    assert (changed.status_code, changed.json()["created"]) == (200, False)
    assert created.json()["id"] == changed.json()["id"]
    assert (await client.get(path)).json()["Name"] == "Acme Ltd"
    unknown = await client.send("PATCH", "/sobjects/Account/Name/x", {})
    assert error_of(unknown)[:2] == (404, "NOT_FOUND")
    doubled = await client.send("POST", "/sobjects/Account",
                                {"Name": "B", "Tenure_Id__c": "A/1"})  # fmt: skip
    assert error_of(doubled)[1:] == (
        "DUPLICATE_VALUE",
        "duplicate value found: Tenure_Id__c duplicates value on record with id: "
        + created.json()["id"],
    )


async def test_an_ambiguous_external_id_answers_with_the_choices(client: Client) -> None:
    made = [await client.create("Account", Name="Acme", Legacy_Id__c="old-1") for _ in range(2)]
    asked = await client.send("PATCH", "/sobjects/Account/Legacy_Id__c/old-1", {"Name": "B"})
    assert asked.status_code == 300
    assert asked.json() == [f"{API}/sobjects/Account/{each}" for each in made]


# Collections


async def test_a_collection_tells_each_row_its_own_result(
    sf: SalesforceSimulator, client: Client
) -> None:
    good, locked = [await client.create("Account", Name=name) for name in ("A", "B")]
    sf.org.configure({"row_errors": {locked: ["UNABLE_TO_LOCK_ROW", "unable to obtain"]}})
    records: list[dict[str, Any]] = [
        {"attributes": {"type": "Account"}, "id": good[:15], "ARR__c": 7},
        {"attributes": {"type": "Account"}, "id": locked, "ARR__c": 7},
        {"attributes": {"type": "Account"}, "id": good, "Name": None},
        {"attributes": {"type": "Account"}, "id": "001Hn0000000zzz", "ARR__c": 7},
    ]
    answer = await client.send("PATCH", "/composite/sobjects", {"records": records})
    assert answer.status_code == 200
    results = answer.json()
    assert results[0] == {"id": good, "success": True, "errors": []}
    codes = [result["errors"][0]["statusCode"] for result in results[1:]]
    assert codes == ["UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING", "INVALID_CROSS_REFERENCE_KEY"]
    assert results[2]["errors"][0]["fields"] == ["Name"]

    body = {"allOrNone": True, "records": [records[0] | {"ARR__c": 9}, records[2]]}
    results = (await client.send("PATCH", "/composite/sobjects", body)).json()
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert sf.people.read(good)["ARR__c"] == 7.0


async def test_a_collection_has_at_most_200_rows(client: Client) -> None:
    rows = [{"attributes": {"type": "Account"}, "Name": f"A{n}"} for n in range(201)]
    refused = await client.send("POST", "/composite/sobjects", {"records": rows})
    assert error_of(refused)[:2] == (400, "EXCEEDED_ID_LIMIT")
    made = (await client.send("POST", "/composite/sobjects", {"records": rows[:200]})).json()
    assert all(row["success"] for row in made)
    keys = ",".join(row["id"] for row in made)
    deleted = await client.http.delete(f"{API}/composite/sobjects", params={"ids": keys})
    assert [row["success"] for row in deleted.json()] == [True] * 200


async def test_upserting_a_collection_refuses_a_key_given_twice(client: Client) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "Tenure_Id__c": key, "Name": "Acme"}
        for key in ("a-1", "a-2", "a-2")
    ]
    path = "/composite/sobjects/Account/Tenure_Id__c"
    first, *doubled = (await client.send("PATCH", path, {"records": rows})).json()
    assert (first["success"], first["created"]) == (True, True)
    for row in doubled:
        assert row["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
        assert "Duplicate external id specified" in row["errors"][0]["message"]


async def test_several_records_are_read_at_once(client: Client) -> None:
    account_id = await client.create("Account", Name="Acme")
    body = {"ids": [account_id, "001Hn0000000zzz"], "fields": ["Name"]}
    first, missing = (await client.send("POST", "/composite/sobjects/Account", body)).json()
    assert (first["Name"], missing) == ("Acme", None)


# Composite


def note_requests(account_id: str, *, visibility: str = "AllUsers") -> dict[str, Any]:
    content = "<p>Call &amp; plan</p>\n<script>x</script><p>Next</p>"
    note = {"Title": "QBR", "Content": base64.b64encode(content.encode()).decode()}
    link = {"ContentDocumentId": "@{note.id}", "LinkedEntityId": account_id, "ShareType": "V",
            "Visibility": visibility}  # fmt: skip
    return {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{API}/sobjects/ContentNote", "referenceId": "note",
             "body": note},
            {"method": "POST", "url": f"{API}/sobjects/ContentDocumentLink",
             "referenceId": "link", "body": link},
        ],
    }  # fmt: skip


async def test_a_note_and_its_link_are_made_together(client: Client) -> None:
    account_id = await client.create("Account", Name="Acme")
    answer = await client.send("POST", "/composite", note_requests(account_id))
    note, link = answer.json()["compositeResponse"]
    assert (note["httpStatusCode"], link["httpStatusCode"]) == (201, 201)
    note_id = note["body"]["id"]
    assert note_id.startswith("069")
    assert note["httpHeaders"]["Location"] == f"{API}/sobjects/ContentNote/{note_id}"

    linked = await client.rows(
        f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{note_id}'"
    )
    assert {row["LinkedEntityId"] for row in linked} == {account_id, INTEGRATION.user_id}
    content = await client.get(f"/sobjects/ContentNote/{note_id}/Content")
    assert content.text == "<p>Call &amp; plan</p><p>Next</p>"


async def test_a_failed_subrequest_takes_the_others_back(client: Client) -> None:
    account_id = await client.create("Account", Name="Acme")
    answer = await client.send("POST", "/composite", note_requests(account_id, visibility="Nobody"))
    note, link = answer.json()["compositeResponse"]
    assert note["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert link["body"][0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert await client.rows("SELECT Id FROM ContentNote") == []


async def test_a_reference_to_a_failed_subrequest_halts(client: Client) -> None:
    requests = note_requests(PEOPLE[0].user_id) | {"allOrNone": False}
    requests["compositeRequest"][0]["body"] = {}
    answer = await client.send("POST", "/composite", requests)
    note, link = answer.json()["compositeResponse"]
    assert note["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert link["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert "No value for id found in note" in link["body"][0]["message"]
