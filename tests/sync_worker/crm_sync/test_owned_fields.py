"""What a connection writes on its records is changed in its system, not here."""

from typing import Any

import pytest

from sync_worker.connectors.salesforce.connector import SPEC
from sync_worker.crm_sync.translation.document import FieldMap, owned_fields
from tests.sync_worker.making import SHIPPED, Org


def test_a_connection_owns_what_it_maps_but_not_the_key_roles_that_are_handed_over_here() -> None:
    owned = owned_fields(SPEC, SHIPPED)
    assert owned.keys() == {"account", "contact", "opportunity"}
    assert {"name", "domain", "arr", "currency", "traits.cs_tier"} <= set(owned["account"])
    assert "key_roles.csm" not in owned["account"]
    assert "accounts" in owned["contact"]
    assert {"account_id", "deal_room_url"} <= set(owned["opportunity"])
    assert "manually_enter_renewal_sequence" not in owned["opportunity"]


@pytest.mark.parametrize(
    ("target", "local_edits", "is_owned"),
    [("name", None, True), ("name", "allow", False), ("key_roles.csm", None, False),
     ("key_roles.csm", "refuse", True), ("traits.tier", None, True)],
)  # fmt: skip
def test_a_mapping_says_whether_a_field_may_be_edited_here(
    target: str, local_edits: Any, *, is_owned: bool
) -> None:
    assert FieldMap(source="F", target=target, local_edits=local_edits).is_owned is is_owned


async def test_an_edit_of_a_field_that_a_connection_owns_is_refused_and_says_whose_it_is(
    small_org: Org,
) -> None:
    org = small_org
    acme = org.sf.people.create("Account", {"Name": "Acme", "Website": "acme.example"})
    connection = await org.connect()
    await org.sync()
    admin, tenure = org.ws.admin, org.tenure
    await tenure.settle()
    body = {"record_type": "account", "key": "our_own", "title": "Ours", "type": "string"}
    assert (await admin.post("/v1/traits", body)).status_code == 201
    here = (await org.all("accounts"))[acme]
    path = f"/v1/accounts/{here['id']}"
    edit: dict[str, Any] = {"domain": "other.example", "traits": {"industry": "Media"}}
    refused = await admin.patch(path, edit)
    assert (refused.status_code, refused.json()["code"]) == (409, "owned_elsewhere"), refused.text
    assert "Salesforce" in refused.json()["detail"]
    assert [
        (fault["pointer"], fault["code"], fault["connection_id"])
        for fault in refused.json()["errors"]
    ] == [
        ("/domain", "owned_elsewhere", connection["id"]),
        ("/traits/industry", "owned_elsewhere", connection["id"]),
    ]
    put = await admin.put(f"/v1/accounts/by-external-id/{acme}", {"arr": 5, "currency": "USD"})
    assert (put.status_code, put.json()["code"]) == (409, "owned_elsewhere"), put.text
    bulk = await admin.post("/v1/accounts/bulk", {"rows": [{"id": here["id"], "name": "Mine"}]})
    (row,) = bulk.json()["results"]
    assert (row["status"], row["code"]) == ("rejected", "owned_elsewhere")
    assert row["errors"][0]["pointer"] == "/rows/0/name"

    same = {"domain": "acme.example", "name": "Acme", "traits": {"our_own": "stays"}}
    allowed = await admin.patch(path, same)
    assert allowed.status_code == 200, "what is said already is no edit"
    member = (await admin.get("/v1/members")).json()["data"][0]["id"]
    handed_over = await admin.patch(path, {"key_roles": {"csm": [member]}})
    assert handed_over.status_code == 200, handed_over.text
    ours = await admin.post("/v1/accounts", {"name": "Ours", "domain": "ours.example"})
    changed = await admin.patch(f"/v1/accounts/{ours.json()['id']}", {"domain": "new.example"})
    assert changed.status_code == 200, "a record that came from nowhere else"

    mapping_path = f"/v1/connections/{org.connection_id}/mapping"
    mapping = (await admin.get(mapping_path)).json()
    kept = {name: mapping[name] for name in ("objects", "plan_roles", "write_back")}
    for each in kept["objects"]:
        for field in each["fields"]:
            if field["target"] == "domain":
                field["local_edits"] = "allow"
    saved = await admin.put(mapping_path, kept, headers={"if-match": '"v1"'})
    assert saved.status_code == 200, saved.text
    await tenure.settle()
    assert (await admin.patch(path, {"domain": "other.example"})).status_code == 200
    assert (await admin.patch(path, {"name": "Mine"})).status_code == 409
    assert (await admin.delete(f"/v1/connections/{org.connection_id}")).status_code == 204
    await tenure.settle()
    org.connection_id = ""
    assert (await admin.patch(path, {"name": "Mine"})).status_code == 200
