"""Accounts through HTTP."""

from typing import Any

from tests.accounts_api.records.making import events_of, make
from tests.harness import Tenure

ACME: dict[str, Any] = {
    "name": "Acme",
    "external_id": "a/1",
    "arr": 100,
    "currency": "USD",
    "domain": "https://Acme.io/",
    "time_zone": "Europe/Berlin",
}


async def test_an_account_is_created_read_and_changed(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/accounts", ACME)
    assert made.status_code == 201, made.text
    account = made.json()
    assert account["domain"] == "acme.io"
    assert account["lifecycle_status"] == "subscribed"
    assert made.headers["location"] == f"/v1/accounts/{account['id']}"

    path = made.headers["location"]
    assert (await ws.observer.get(path)).json() == account
    assert (await ws.observer.get("/v1/accounts/by-external-id/a%2F1")).json() == account
    changed = await ws.team_member.patch(path, {"arr": 200, "domain": None}, if_match='"v1"')
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"v2.0"'
    assert (changed.json()["arr"], changed.json()["domain"]) == (200, None)


async def test_an_edit_needs_the_version_it_is_made_on(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = f"/v1/accounts/{(await make(ws, 'accounts', ACME))['id']}"
    assert (await ws.admin.patch(path, {"arr": 2}, if_match=None)).status_code == 428
    late = await ws.admin.patch(path, {"arr": 2}, if_match='"v9"')
    assert (late.status_code, late.json()["current_version"]) == (412, 1)
    for known in ('"v1.0"', 'W/"v1.0"'):  # weak, as a gateway makes it that compresses
        read = await ws.admin.get(path, headers={"if-none-match": known})
        assert (read.status_code, read.content) == (304, b"")
    assert (await ws.admin.patch(path, {"arr": 2}, if_match='W/"v9"')).status_code == 412
    assert (await ws.admin.patch(path, {"arr": 2}, if_match='W/"v1"')).status_code == 200


async def test_a_change_into_what_it_is_already_is_no_change(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", ACME)
    same = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"arr": 100, "name": "Acme"})
    assert same.json()["version"] == 1
    assert same.json()["updated_at"] == account["updated_at"]
    assert len(await events_of(tenure, ws, "accounts.account_changed.v1")) == 1


async def test_every_fault_is_told_at_once_and_nothing_is_stored(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    foreign = await tenure.workspace("Elsewhere")
    theirs = await make(foreign, "organizations", {"name": "Theirs"})
    refused = await ws.admin.post(
        "/v1/accounts",
        {
            "name": "Acme",
            "organization_id": theirs["id"],
            "traits": {"nope": 1},
            "key_roles": {"csm": [theirs["id"]], "king": []},
        },
    )
    assert refused.status_code == 422
    assert {(e["pointer"], e["code"]) for e in refused.json()["errors"]} == {
        ("/organization_id", "unknown_organization"),
        ("/traits/nope", "unknown_trait"),
        ("/key_roles/csm/0", "unknown_member"),
        ("/key_roles/king", "unknown_key_role"),
    }
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    unknown = await ws.admin.post("/v1/accounts", {"name": "A", "colour": "red"})
    assert unknown.json()["errors"][0]["code"] == "unknown_field"
    null = await ws.admin.patch(f"/v1/organizations/{theirs['id']}", {"name": "x"})
    assert null.status_code == 404


async def test_a_required_field_cannot_be_cleared(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", ACME)
    cleared = await ws.admin.patch(f"/v1/accounts/{account['id']}", {"name": None})
    assert cleared.status_code == 422
    assert cleared.json()["errors"][0]["pointer"] == "/name"


async def test_an_external_id_belongs_to_one_account(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make(ws, "accounts", ACME)
    again = await ws.admin.post("/v1/accounts", ACME)
    assert (again.status_code, again.json()["code"]) == (409, "external_id_taken")
    other = await make(ws, "accounts", {"name": "Other"})
    moved = await ws.admin.patch(f"/v1/accounts/{other['id']}", {"external_id": "a/1"})
    assert (moved.status_code, moved.json()["code"]) == (409, "external_id_taken")
    assert moved.json()["errors"][0]["pointer"] == "/external_id"
    both = {"external_id": "a/1", "name": None}
    faulty = await ws.admin.patch(f"/v1/accounts/{other['id']}", both)
    assert faulty.status_code == 422
    assert [one["pointer"] for one in faulty.json()["errors"]] == ["/external_id", "/name"]


async def test_put_by_external_id_creates_once_and_changes_after(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = "/v1/accounts/by-external-id/x%2F%C3%BC%20y"
    made = await ws.admin.put(path, {"name": "X"})
    assert made.status_code == 201, made.text
    assert made.json()["external_id"] == "x/ü y"
    changed = await ws.admin.put(path, {"arr": 5})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (changed.json()["name"], changed.json()["arr"]) == ("X", 5)
    nameless = await ws.admin.put("/v1/accounts/by-external-id/new", {"arr": 5})
    assert nameless.json()["errors"][0]["pointer"] == "/name"


async def test_an_organization_is_named_by_either_id(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    group = await make(ws, "organizations", {"name": "Group", "external_id": "g"})
    one = await make(ws, "accounts", {"name": "One", "organization_external_id": "g"})
    two = await make(ws, "accounts", {"name": "Two", "organization_id": group["id"]})
    assert one["organization_id"] == two["organization_id"] == group["id"]
    read = await ws.admin.get(f"/v1/accounts/{one['id']}?include=organization")
    assert read.json()["organization"]["name"] == "Group"
    below = await ws.admin.get(f"/v1/organizations/{group['id']}?include=accounts")
    assert [account["name"] for account in below.json()["accounts"]] == ["One", "Two"]


async def test_a_deleted_account_is_gone_until_undeleted(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", ACME)
    path = f"/v1/accounts/{account['id']}"
    assert (await ws.admin.delete(path, if_match=None)).status_code == 428
    assert (await ws.admin.delete(path, if_match='"v1"')).status_code == 204
    gone = await ws.admin.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, "deleted")
    assert (await ws.admin.patch(path, {"arr": 1})).json()["code"] == "deleted"
    assert (await ws.admin.delete(path)).status_code == 404
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    back = await ws.admin.post(f"{path}/undelete")
    assert (back.status_code, back.json()["version"]) == (200, 3)
    assert (await ws.admin.get(path)).json() == back.json()
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert [event["change"] for event in told] == ["created", "deleted", "undeleted"]


async def test_the_event_carries_the_whole_record_and_what_changed(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await ws.admin.post(
        "/v1/traits",
        {"record_type": "account", "key": "tier", "title": "Tier", "type": "string"},
    )
    account = await make(ws, "accounts", ACME)
    me = ws.details["admin_id"]
    await ws.admin.patch(
        f"/v1/accounts/{account['id']}",
        {"arr": 7, "traits": {"tier": "gold"}, "key_roles": {"csm": [me]}},
    )
    event = (await events_of(tenure, ws, "accounts.account_changed.v1"))[-1]
    assert event["changed"] == ["arr", "key_roles", "traits.tier"]
    assert (event["version"], event["change"]) == (2, "updated")
    assert event["record"]["traits"] == {"tier": "gold"}
    assert event["record"]["key_roles"] == {"csm": [me]}
    assert event["record"]["name"] == "Acme"


async def test_an_idempotency_key_makes_one_account(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    headers = {"idempotency-key": "once"}
    first = await ws.admin.post("/v1/accounts", ACME, headers=headers)
    again = await ws.admin.post("/v1/accounts", ACME, headers=headers)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_an_upsert_hears_what_was_edited_and_what_contradicts_its_address(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    path = "/v1/accounts/by-external-id/crm-1"
    unread = await ws.admin.put(path, {"name": "Acme"}, headers={"if-match": '"v1"'})
    assert unread.status_code == 412
    made = await ws.admin.put(path, {"name": "Acme", "external_id": "crm-1"})
    assert made.status_code == 201
    other = await ws.admin.put(path, {"name": "Acme", "external_id": "crm-2"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/external_id"
    current = {"if-match": made.headers["etag"]}
    assert (await ws.admin.put(path, {"name": "Acme Inc"}, headers=current)).status_code == 200
    assert (await ws.admin.put(path, {"name": "Acme SE"}, headers=current)).status_code == 412
    spaced = await ws.admin.get("/v1/accounts/by-external-id/%20crm-1%20")
    assert spaced.json()["name"] == "Acme Inc"


async def test_two_names_of_one_parent_must_not_contradict_each_other(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = {}
    for key in ("crm-1", "crm-2"):
        made = await ws.admin.post("/v1/accounts", {"name": key, "external_id": key})
        ids[key] = made.json()["id"]
    deal = {"name": "Renewal", "type": "renewal", "account_id": ids["crm-1"]}
    both = await ws.admin.post("/v1/opportunities", {**deal, "account_external_id": "crm-1"})
    assert both.json()["account_id"] == ids["crm-1"]
    torn = await ws.admin.post("/v1/opportunities", {**deal, "account_external_id": "crm-2"})
    assert torn.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in torn.json()["errors"]] == [
        ("/account_external_id", "contradiction")
    ]


async def test_faults_of_shape_and_of_meaning_come_in_one_answer(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {
        "name": "N" * 500,
        "nmae": "Acme",
        "arr": "much",
        "organization_external_id": "nobody",
        "traits": {"unheard_of": 1},
        "key_roles": {"csm": [str(ws.id)]},
    }
    wrong = {
        "/name",
        "/nmae",
        "/arr",
        "/organization_external_id",
        "/traits/unheard_of",
        "/key_roles/csm/0",
    }
    made = (await ws.admin.post("/v1/accounts", {"name": "Acme", "external_id": "a"})).json()
    for answer in (
        await ws.admin.post("/v1/accounts", body),
        await ws.admin.put("/v1/accounts/by-external-id/crm-1", body),
        await ws.admin.patch(f"/v1/accounts/{made['id']}", body),
    ):
        assert answer.status_code == 422
        assert {fault["pointer"] for fault in answer.json()["errors"]} == wrong
        assert len(answer.json()["errors"]) == len(wrong)
    rows = [{"external_id": "b", **body}, {"external_id": "a", "deleted": True, "arr": "much"}]
    done = (await ws.admin.post("/v1/accounts/bulk", {"rows": rows})).json()
    assert done["rejected"] == 2
    found = {fault["pointer"] for fault in done["results"][0]["errors"]}
    assert found == {f"/rows/0{pointer}" for pointer in wrong}
    kept = (await ws.admin.get(f"/v1/accounts/{made['id']}")).json()
    assert kept["version"] == 1


async def test_a_faulty_body_is_pointed_at_by_its_own_members(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    asked = {"record_type": "account", "rule": 5}
    answer = await ws.admin.post("/v1/rules/validate", asked)
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/rule"}
    done = (await ws.admin.post("/v1/accounts/bulk", {"rows": [5]})).json()
    (fault,) = done["results"][0]["errors"]
    assert (fault["pointer"], fault["message"]) == ("/rows/0", "An object, in braces.")


async def test_a_country_and_a_currency_are_codes_that_exist(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for number, country in enumerate(["United States", "usa", "US", "Deutschland"]):
        account = await make(ws, "accounts", {"name": f"A{number}", "country": country})
        assert account["country"] == ("DE" if country == "Deutschland" else "US")
    for rule in ('country = "U.S.A."', 'country in ("us", "Nowhere")'):
        found = await ws.admin.get("/v1/accounts", params={"filter": rule, "sort": "name"})
        assert [row["name"] for row in found.json()["data"]] == ["A0", "A1", "A2"], found.text
    wrong = {"name": "A", "country": "Germny", "currency": "DEM", "arr": 1}
    refused = await ws.admin.post("/v1/accounts", wrong)
    faults = {fault["pointer"]: fault for fault in refused.json()["errors"]}
    assert (refused.status_code, sorted(faults)) == (422, ["/country", "/currency"])
    assert faults["/country"]["code"] == "unknown_country"
    assert "Did you mean DE (Germany)?" in faults["/country"]["message"]


async def test_an_amount_without_a_currency_takes_the_workspaces_and_keeps_it(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    made = (await ws.admin.post("/v1/accounts", {"name": "Acme", "arr": 500})).json()
    none = (await ws.admin.post("/v1/accounts", {"name": "None"})).json()
    assert (made["currency"], none["currency"]) == ("USD", None)
    moved = await ws.admin.patch("/v1/workspace", {"currency": "EUR"})
    assert moved.status_code == 200, moved.text
    path = f"/v1/accounts/{made['id']}"
    kept = (await ws.admin.patch(path, {"arr": 600})).json()
    assert (kept["arr"], kept["currency"]) == (600, "USD")
    rows = [{"external_id": "a", "name": "A", "arr": 7}, {"external_id": "b", "name": "B"}]
    results = (await ws.admin.post("/v1/accounts/bulk", {"rows": rows})).json()["results"]
    new = [(await ws.admin.get(f"/v1/accounts/{row['id']}")).json() for row in results]
    assert [one["currency"] for one in new] == ["EUR", None]
    cleared = (await ws.admin.patch(path, {"currency": None})).json()
    assert cleared["currency"] == "EUR"
    gone = (await ws.admin.patch(path, {"currency": None, "arr": None})).json()
    assert gone["currency"] is None
