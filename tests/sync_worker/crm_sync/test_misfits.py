"""One value that does not fit costs only itself: its record, and what belongs to that, are here."""

from typing import Any

from tests.sync_worker.making import Org

LONGEST = "Ä" * 255
SELECT = {"type": "select", "options": [{"value": "gold"}]}


async def _seeded(org: Org) -> dict[str, str]:
    """Accounts with an odd value each, and what belongs to one of them."""
    create = org.sf.people.create
    ids = {
        "two": create("Account", {"Name": "Two", "Website": "acme.example, beta.example"}),
        "stray": create("Account", {"Name": "Stray", "Website": "http://[acme.example"}),
        "long": create("Account", {"Name": LONGEST, "Website": "long.example"}),
        "tier": create("Account", {"Name": "Tier", "CS_Tier__c": "Scaled", "Industry": "Media"}),
        "zone": create("Account", {"Name": "Zone", "Time_Zone__c": "Mars/Olympus"}),
    }
    ids["contact"] = create(
        "Contact",
        {
            "LastName": "Long\nName",
            "AccountId": ids["two"],
            "Email": "x@y.example",
            "Title": "T" * 128,
        },
    )
    ids["renewal"] = create(
        "Opportunity",
        {"Name": "Renewal", "AccountId": ids["two"], "StageName": "Discovery", "Type": "Renewal",
         "CloseDate": "2026-12-31", "Deal_Room_URL__c": "ask Jo"},
    )  # fmt: skip
    return ids


async def warned(org: Org) -> dict[str, dict[str, str]]:
    answer = await org.ws.admin.get(f"/v1/connections/{org.connection_id}/warned-records")
    assert answer.status_code == 200, answer.text
    return {
        row["external_id"]: {each["target"]: each["value"] for each in row["left_out"]}
        for row in answer.json()["data"]
    }


async def test_records_come_without_the_values_that_do_not_fit(small_org: Org) -> None:
    org = small_org
    ids = await _seeded(org)
    made = await org.ws.admin.post(
        "/v1/traits", {"record_type": "account", "key": "cs_tier", "title": "Tier", **SELECT}
    )
    assert made.status_code == 201, made.text
    await org.connect()
    path = f"/v1/connections/{org.connection_id}"
    expected = {
        ids["two"]: {"domain": "acme.example, beta.example"},
        ids["stray"]: {"domain": "http://[acme.example"},
        ids["tier"]: {"traits.cs_tier": "Scaled"},
        ids["zone"]: {"time_zone": "Mars/Olympus"},
        ids["renewal"]: {"deal_room_url": "ask Jo"},
    }
    preview = await org.ws.admin.post(f"{path}/mapping/preview", {"object": "Account", "limit": 50})
    assert preview.status_code == 200, preview.text
    foreseen = {row["external_id"]: row for row in preview.json()["data"]}
    run = await org.sync()
    assert (run["status"], run["rejected"], run["warned"]) == ("succeeded", 0, 5), run["reason"]
    assert "without a value that does not fit" in run["reason"]
    accounts = await org.all("accounts")
    assert {accounts[ids[each]]["name"] for each in ("two", "stray", "long", "tier", "zone")} == {
        "Two", "Stray", LONGEST, "Tier", "Zone",
    }  # fmt: skip
    assert accounts[ids["tier"]]["traits"]["industry"] == "Media"
    contact = (await org.all("contacts"))[ids["contact"]]
    assert contact["name"] == "Long Name", "lines that are joined say what they said"
    assert contact["accounts"][0]["account_id"] == accounts[ids["two"]]["id"]
    assert (await org.all("opportunities"))[ids["renewal"]]["deal_room_url"] is None
    assert await warned(org) == expected
    for external_id, row in foreseen.items():
        left_out = {each["target"]: each["value"] for each in row["left_out"]}
        assert left_out == expected.get(external_id, {}), "the preview foresees what the run does"
        assert row["row"]["name"] == accounts[external_id]["name"]
    shown = (await org.ws.admin.get(path)).json()
    assert (shown["rejected_records"], shown["warned_records"]) == (0, 5)

    org.sf.people.update(ids["two"], {"Website": "acme.example"})
    org.sf.people.update(ids["stray"], {"Website": "still odd"})
    run = await org.sync()
    assert run["status"] == "succeeded", run["reason"]
    assert (await org.all("accounts"))[ids["two"]]["domain"] == "acme.example"
    expected[ids["stray"]] = {"domain": "still odd"}
    del expected[ids["two"]]
    assert await warned(org) == expected

    trait = made.json()["id"]
    options = {"options": [{"value": "gold"}, {"value": "Scaled"}]}
    changed = await org.ws.admin.patch(f"/v1/traits/{trait}", options)
    assert changed.status_code == 200, changed.text
    retried = await org.ws.admin.post(f"{path}/rejected-records/retry")
    assert retried.status_code == 202, retried.text
    await org.tenure.settle()
    assert (await org.all("accounts"))[ids["tier"]]["traits"]["cs_tier"] == "Scaled"
    del expected[ids["tier"]]
    assert await warned(org) == expected


async def test_a_mapping_is_converted_to_what_its_traits_hold_or_refused(small_org: Org) -> None:
    org = small_org
    zone = await org.ws.admin.patch("/v1/workspace", {"time_zone": "Europe/Berlin"})
    assert zone.status_code == 200, zone.text
    options = [{"value": each} for each in ("Pro", "Basic", "Add-on")]
    traits: dict[str, dict[str, Any]] = {
        "products": {"type": "multi_select", "options": options},
        "bounced_on": {"type": "date"},
        "size": {"type": "number"},
    }
    for key, more in traits.items():
        body = {"record_type": "contact", "key": key, "title": key, **more}
        assert (await org.ws.admin.post("/v1/traits", body)).status_code == 201
    ann = org.sf.people.create(
        "Contact",
        {"LastName": "Ann", "Department": "Pro;Add-on",
         "EmailBouncedDate": "2026-12-31T23:30:00.000+0000"},
    )  # fmt: skip
    bea = org.sf.people.create("Contact", {"LastName": "Bea", "Department": "Pro;Gold"})
    await org.connect()
    await org.tenure.settle()
    path = f"/v1/connections/{org.connection_id}/mapping"
    fields = [
        {"source": "Name", "target": "name"},
        {"source": "Department", "target": "traits.products", "type": "text"},
        {"source": "EmailBouncedDate", "target": "traits.bounced_on", "type": "datetime"},
    ]
    contact = {"object": "Contact", "record_type": "contact", "fields": fields}
    mapping = {"objects": [contact]}
    wrong = {"source": "EmailBouncedDate", "target": "traits.size", "type": "datetime"}
    body = {"objects": [{**contact, "fields": [*fields, wrong]}]}
    headers = {"if-match": '"v1"'}
    refused = await org.ws.admin.put(path, body, headers=headers)
    assert refused.status_code == 422, refused.text
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        ("/objects/0/fields/3/type", "kind_mismatch")
    ]
    preview = await org.ws.admin.post(f"{path}/preview", {"object": "Contact", "mapping": mapping})
    rows = {row["external_id"]: row for row in preview.json()["data"]}
    assert rows[ann]["row"]["traits"] == {"products": ["Pro", "Add-on"], "bounced_on": "2027-01-01"}
    assert [each["target"] for each in rows[bea]["left_out"]] == ["traits.products"]
    put = await org.ws.admin.put(path, mapping, headers=headers)
    assert put.status_code == 200, put.text
    run = await org.sync()
    assert (run["status"], run["warned"]) == ("succeeded", 1), run["reason"]
    contacts = await org.all("contacts")
    assert contacts[ann]["traits"].items() >= rows[ann]["row"]["traits"].items()
    assert contacts[bea]["name"] == "Bea"


async def test_a_refused_mapping_names_all_its_faults_at_once(small_org: Org) -> None:
    org = small_org
    day = {"record_type": "contact", "key": "day", "title": "Day", "type": "date"}
    assert (await org.ws.admin.post("/v1/traits", day)).status_code == 201
    await org.connect()
    path = f"/v1/connections/{org.connection_id}/mapping"
    fields = [
        {"source": "Nonsense__c", "target": "name"},
        {"source": "Department", "target": "nothing"},
        {"source": "EmailBouncedDate", "target": "traits.day", "type": "number"},
        {"source": "Title", "target": "title", "type": "words"},
    ]
    of_accounts = [{"source": "OwnerId", "target": "key_roles.no", "type": "member"}]
    mapping = {
        "objects": [
            {"object": "Contact", "record_type": "contact", "fields": fields},
            {"object": "Account", "record_type": "account", "fields": of_accounts},
        ]
    }
    faults = {
        ("/objects/0/fields/0/source", "unknown_field"),
        ("/objects/0/fields/1/target", "unknown_target"),
        ("/objects/0/fields/2/type", "kind_mismatch"),
        ("/objects/0/fields/3/type", "literal_error"),
        ("/objects/1/fields", "required"),
        ("/objects/1/fields/0/target", "unknown_key_role"),
    }
    put = await org.ws.admin.put(path, mapping, headers={"if-match": "*"})
    told = {(fault["pointer"], fault["code"]) for fault in put.json()["errors"]}
    assert (put.status_code, told) == (422, faults), put.text
    assert (await org.ws.admin.get(path)).json()["is_default"]
    preview = await org.ws.admin.post(f"{path}/preview", {"object": "User", "mapping": mapping})
    told = {(fault["pointer"], fault["code"]) for fault in preview.json()["errors"]}
    assert told == {(f"/mapping{pointer}", code) for pointer, code in faults}
