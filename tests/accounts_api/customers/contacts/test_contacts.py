from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure

GRACE = {"first_name": "Grace", "last_name": "Hopper", "email": "Grace@acme.example"}


async def test_a_contact_is_named_by_its_parts_until_someone_says_otherwise(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    contact = await make(ws, "contacts", GRACE)
    assert contact["name"] == "Grace Hopper"
    path = f"/v1/contacts/{contact['id']}"
    renamed = await ws.admin.patch(path, {"last_name": "Murray"})
    assert renamed.json()["name"] == "Grace Murray"
    await ws.admin.patch(path, {"name": "Amazing Grace"})
    kept = await ws.admin.patch(path, {"last_name": "Hopper"})
    assert kept.json()["name"] == "Amazing Grace"
    nameless = await ws.admin.post("/v1/contacts", {"phone": "1"})
    assert nameless.json()["errors"][0]["pointer"] == "/name"
    only_email = await make(ws, "contacts", {"email": "x@y.example"})
    assert only_email["name"] == "x@y.example"


async def test_a_contact_belongs_to_many_accounts_with_a_part_in_each(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One", "external_id": "1"})
    two = await make(ws, "accounts", {"name": "Two"})
    contact = await make(
        ws,
        "contacts",
        {
            **GRACE,
            "accounts": [
                {"account_external_id": "1", "plan_roles": ["Champion", "Champion"]},
                {"account_id": two["id"]},
            ],
        },
    )
    links = {link["account_id"]: link["plan_roles"] for link in contact["accounts"]}
    assert links == {one["id"]: ["Champion"], two["id"]: []}
    path = f"/v1/contacts/{contact['id']}"
    assert (await ws.admin.get(path)).json() == contact
    assert (await ws.admin.patch(path, {"accounts": contact["accounts"]})).json()["version"] == 1
    moved = await ws.admin.patch(
        path, {"accounts": [{"account_id": one["id"], "plan_roles": ["Decision Maker"]}]}
    )
    assert [link["account_id"] for link in moved.json()["accounts"]] == [one["id"]]
    event = (await events_of(tenure, ws, "accounts.contact_changed.v1"))[-1]
    assert event["changed"] == ["accounts"]
    assert event["record"]["accounts"] == moved.json()["accounts"]
    account = await ws.admin.get(f"/v1/accounts/{one['id']}?include=contacts")
    (shown,) = account.json()["contacts"]
    assert (shown["name"], shown["plan_roles"]) == ("Grace Hopper", ["Decision Maker"])
    unknown = await ws.admin.patch(path, {"accounts": [{"account_external_id": "9"}]})
    assert unknown.json()["errors"][0]["pointer"] == "/accounts/0/account_external_id"
    both = await ws.admin.patch(
        path, {"accounts": [{"account_external_id": "1", "account_id": one["id"]}]}
    )
    assert both.status_code == 422


async def test_links_to_a_deleted_account_do_not_hinder_edits(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One"})
    two = await make(ws, "accounts", {"name": "Two"})
    three = await make(ws, "accounts", {"name": "Three"})
    first = [{"account_id": one["id"]}, {"account_id": three["id"]}]
    contact = await make(ws, "contacts", {**GRACE, "accounts": first})
    await ws.admin.delete(f"/v1/accounts/{one['id']}")
    links = [{"account_id": one["id"]}, {"account_id": two["id"]}]
    added = await ws.admin.patch(f"/v1/contacts/{contact['id']}", {"accounts": links})
    assert len(added.json()["accounts"]) == 2
    fresh = await ws.admin.post("/v1/contacts", {**GRACE, "accounts": links})
    assert fresh.json()["errors"][0]["code"] == "unknown_account"


async def test_merged_contacts_keep_the_links_of_both(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One"})
    two = await make(ws, "accounts", {"name": "Two"})
    winner = await make(ws, "contacts", {**GRACE, "accounts": [{"account_id": one["id"]}]})
    loser = await make(
        ws,
        "contacts",
        {"email": "g@h.example", "phone": "7", "accounts": [{"account_id": two["id"]}]},
    )
    merged = await ws.admin.post(f"/v1/contacts/{winner['id']}/merge", {"loser_id": loser["id"]})
    assert merged.status_code == 200, merged.text
    body = merged.json()
    assert (body["id"], body["phone"], body["email"]) == (winner["id"], "7", GRACE["email"])
    assert len(body["accounts"]) == 2
    assert (await ws.admin.get(f"/v1/contacts/{loser['id']}")).json() == body


async def test_rows_of_contacts_replace_their_links(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await bulk(ws, "accounts", [{"external_id": str(n), "name": str(n)} for n in range(3)])
    rows = [
        {
            "external_id": f"c{n}",
            "email": f"c{n}@x.example",
            "accounts": [{"account_external_id": str(n % 3), "plan_roles": ["User"]}],
        }
        for n in range(9)
    ]
    assert {r["status"] for r in await bulk(ws, "contacts", rows)} == {"created"}
    assert {r["status"] for r in await bulk(ws, "contacts", rows)} == {"unchanged"}
    listed = await ws.admin.get(
        "/v1/contacts", params={"include": "accounts", "filter": 'accounts.name = "1"'}
    )
    assert listed.status_code == 200, listed.text
    assert len(listed.json()["data"]) == 3
    assert all(len(contact["accounts"]) == 1 for contact in listed.json()["data"])


async def test_an_address_that_no_mail_can_reach_costs_its_row_and_no_other(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    refused = [
        "odd@silent.example.",
        "<odd@silent.example>",
        ",x@y.example",
        "x@[y",
        "mailto:a@b.c",
    ]
    taken = ["  Ann@Cust.Example  ", "o'hara@cust.example", "info@xn--mller-kva.example"]
    rows = [{"external_id": email, "email": email} for email in [*refused, *taken]]
    results = await bulk(ws, "contacts", rows)
    assert [row["status"] for row in results] == ["rejected"] * len(refused) + ["created"] * 3
    for row, email in zip(results, refused, strict=False):
        (fault,) = row["errors"]
        assert (fault["pointer"].rpartition("/")[2], fault["code"]) == ("email", "invalid_address")
        answer = await ws.admin.post("/v1/contacts", {"email": email})
        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["pointer"]) == (422, "/email"), email
    listed = (await ws.admin.get("/v1/contacts?fields=email")).json()["data"]
    assert {contact["email"] for contact in listed} == {
        "Ann@cust.example",
        "o'hara@cust.example",
        "info@müller.example",
    }
    found = await ws.admin.get(
        "/v1/contacts",
        params={"filter": 'email = " Info@XN--MLLER-KVA.Example"', "fields": "email"},
    )
    assert [contact["email"] for contact in found.json()["data"]] == ["info@müller.example"]
