from sqlalchemy import text

from shared.ids import new_id
from tests.accounts_api.customers.key_roles.making import account
from tests.harness import Tenure


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
