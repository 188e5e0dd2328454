from tests.accounts_api.customers.key_roles.making import account
from tests.harness import Tenure


async def test_a_template_that_notes_use_is_deleted_only_by_force(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = "/v1/note-templates/calls"
    template = {"key": "calls", "title": "Calls", "body": "<p>Who?</p>"}
    assert (await ws.admin.post("/v1/note-templates", template)).status_code == 201
    acme = await account(ws, "Acme")
    note = {"subject_type": "account", "subject_id": acme, "template_key": "calls"}
    seen = (await ws.admin.post("/v1/notes", {**note, "title": "A call"})).json()
    await ws.admin.post("/v1/notes", {**note, "title": "Not for all", "private": True})
    used = (await ws.admin.get(f"{path}/usages")).json()
    named = [{"type": "note", "id": seen["id"], "title": "A call"}]
    assert used == {"records": 2, "more_records": False, "usages": named}
    refused = await ws.admin.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert refused.json()["usages"] == named
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204
    assert (await ws.admin.get(path)).status_code == 404
    assert (await ws.admin.get(f"/v1/notes/{seen['id']}")).json()["template_key"] == "calls"
    again = await ws.admin.post("/v1/note-templates", template)
    assert (again.status_code, again.json()["version"]) == (201, 2)
