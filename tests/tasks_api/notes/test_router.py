from sqlalchemy import text

from shared.ids import new_id
from tests.accounts_api.customers.key_roles.making import account
from tests.harness import Tenure


async def test_every_workspace_starts_with_the_mid_contract_review(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    page = (await ws.admin.get("/v1/note-templates")).json()
    assert [template["key"] for template in page["data"]] == ["scaled_mid_contract_review"]
    await ws.admin.post("/v1/note-templates", {"key": "calls", "title": "Calls", "body": "<p></p>"})
    first = (await ws.admin.get("/v1/note-templates?limit=1")).json()
    cursor = first["next_cursor"]
    rest = (await ws.admin.get(f"/v1/note-templates?limit=1&cursor={cursor}")).json()
    assert [one["key"] for one in first["data"] + rest["data"]] == [
        "calls",
        "scaled_mid_contract_review",
    ]
    assert not rest["has_more"]


async def test_a_note_keeps_clean_html_and_the_version_of_its_template(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post(
        "/v1/notes",
        {
            "template_key": "scaled_mid_contract_review",
            "subject_type": "account",
            "subject_id": await account(ws, "Acme"),
            "title": "Review",
            "body": '<p onclick="x()">Good<script>alert(1)</script></p>',
        },
    )
    assert made.status_code == 201, made.text
    note = made.json()
    assert note["body"] == "<p>Good</p>"
    assert (note["template_version"], note["field_write"]) == (1, "none")
    assert note["noted_on"] == "2026-03-02"


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


async def test_an_unknown_answer_or_template_is_refused_and_nothing_stored(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    acme = await account(ws, "Acme")
    note = {"subject_type": "account", "subject_id": acme, "title": "Review"}
    unknown = await ws.admin.post("/v1/notes", {**note, "template_key": "nope"})
    assert unknown.json()["errors"][0]["pointer"] == "/template_key"
    answers = {"template_key": "scaled_mid_contract_review", "field_values": {"colour": "red"}}
    refused = await ws.admin.post("/v1/notes", {**note, **answers})
    assert refused.json()["errors"][0]["pointer"] == "/field_values/colour"
    assert (await ws.admin.get("/v1/notes")).json()["data"] == []


async def test_an_answer_for_a_record_that_is_gone_is_refused_at_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    refused = await ws.admin.post(
        "/v1/notes",
        {
            "template_key": "scaled_mid_contract_review",
            "subject_type": "opportunity",
            "subject_id": str(new_id()),
            "title": "Review of an opportunity that is gone",
            "field_values": {"deal_room_url": "https://rooms.example/1"},
            "record_versions": {"subject": 1},
        },
    )
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/subject_id"]
    assert (await ws.admin.get("/v1/notes")).json()["data"] == []


async def test_a_private_note_is_seen_by_its_author_only(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for_me = {
        "subject_type": "account",
        "subject_id": await account(ws, "Acme"),
        "title": "For me",
        "private": True,
    }
    made = await ws.admin.post("/v1/notes", for_me)
    path = f"/v1/notes/{made.json()['id']}"
    assert (await ws.observer.get(path)).status_code == 404
    assert (await ws.observer.get("/v1/notes")).json()["data"] == []
    async with tenure.workers["tasks"].units.begin(ws.id, (), read_only=True) as uow:
        logged = text("select count(*) from events where workspace_id = :id and name like '%note%'")
        assert (await uow.connection.execute(logged, {"id": ws.id})).scalar_one() == 0
    secret = {**for_me, "title": "For a program of its own"}
    by_key = (await ws.leader.post("/v1/notes", secret)).json()
    for client, seen in ((ws.leader, [by_key["id"]]), (ws.team_member, []), (ws.observer, [])):
        assert [note["id"] for note in (await client.get("/v1/notes")).json()["data"]] == seen
        found = await client.get(f"/v1/notes/{by_key['id']}")
        assert found.status_code == (200 if seen else 404)


async def test_editing_a_template_makes_a_new_version(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path = "/v1/note-templates/scaled_mid_contract_review"
    edited = await ws.admin.patch(path, {"title": "Review, revised"}, if_match='"v1"')
    assert (edited.status_code, edited.json()["version"]) == (200, 2)
    late = await ws.admin.patch(path, {"title": "Review, again"}, if_match='"v1"')
    assert late.status_code == 412
