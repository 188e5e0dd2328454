"""A note writes fields of records as its author may, over the values that its author saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from shared.ids import new_id
from shared.net.answers import OutgoingError
from tasks_api.notes.note_templates.rules import BoundField
from tasks_api.notes.notes import service
from tasks_api.notes.notes.rows import NewNote
from tasks_api.notes.notes.rules import record_faults
from tests.accounts_api.records.making import make, make_trait
from tests.documented import expecting_a_fault
from tests.harness import Client, Tenure, Workspace


class Review:
    """An account with two traits, and a template that asks for both and for its name."""

    def __init__(self, tenure: Tenure, ws: Workspace) -> None:
        self.tenure = tenure
        self.ws = ws
        self.account: dict[str, Any] = {}

    async def furnish(self) -> None:
        await make_trait(self.ws, "account", "mood", "string")
        await make_trait(self.ws, "account", "tier", "string", editable_by="admins")
        self.account = await make(self.ws, "accounts", {"name": "Acme"})
        fields = [
            {"key": "mood", "label": "Mood", "field": "traits.mood"},
            {"key": "tier", "label": "Tier", "field": "traits.tier", "record": "account"},
            {"key": "name", "label": "Name", "field": "name"},
        ]
        template = {"key": "review", "title": "Review", "fields": fields}
        assert (await self.ws.admin.post("/v1/note-templates", template)).status_code == 201

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.account['id']}"

    async def now(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ws.admin.get(self.path)).json()
        return found

    async def log(
        self, client: Client, version: int = 1, key: str | None = None, **values: Any
    ) -> httpx2.Response:
        note = {
            "template_key": "review",
            "subject_type": "account",
            "subject_id": self.account["id"],
            "title": "Review",
            "field_values": values,
            "record_versions": {"subject": version},
        }
        headers = {"idempotency-key": key} if key else {}
        return await client.post("/v1/notes", note, headers=headers)

    async def key(self, **given: Any) -> tuple[str, Client]:
        made = (await self.ws.admin.post("/v1/api-keys", {"name": "Notes", **given})).json()
        return made["id"], self.tenure.client(authorization=f"Bearer {made['secret']}")

    async def notes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ws.admin.get("/v1/notes")).json()["data"]
        return found

    @contextmanager
    def accounts_away(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The tasks service can ask who calls, and gets no answer of the records."""
        peers = self.tenure.apps["tasks"].state.service.peers
        request = peers.request

        async def cut(method: str, url: str, **options: Any) -> Any:
            if url.endswith("/internal/records/patch"):
                raise OutgoingError("The link broke.")
            return await request(method, url, **options)

        with monkeypatch.context() as during:
            during.setattr(peers, "request", cut)
            yield


@pytest.fixture
async def review(tenure: Tenure) -> Review:
    made = Review(tenure, await tenure.workspace())
    await made.furnish()
    return made


async def test_it_is_written_at_once_and_history_says_for_whom(review: Review) -> None:
    member = (
        await review.ws.admin.post(
            "/v1/members", {"full_name": "Lee", "email": "lee@example.com", "role": "team_member"}
        )
    ).json()["id"]
    key_id, client = await review.key(member_id=member)
    logged = await review.log(client, mood="Happy")
    assert (logged.status_code, logged.json()["field_write"]) == (201, "written"), logged.text
    assert (await review.now())["traits"] == {"mood": "Happy"}
    told = (await review.ws.admin.get(f"{review.path}/history")).json()["data"][0]
    assert [(link["type"], link["id"]) for link in told["cause"]] == [
        ("member", member),
        ("api_key", key_id),
        ("note", logged.json()["id"]),
        ("service", "tasks"),
    ]


async def test_nobody_writes_through_a_note_what_they_may_not_edit(review: Review) -> None:
    refused = await review.log(review.ws.team_member, mood="Happy", tier="Gold")
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/field_values/tier", "not_editable")
    assert (await review.now())["traits"] == {}, "nor the field that they may"
    _, notes_only = await review.key(role="admin", scopes=["notes:write"])
    renamed = await review.log(notes_only, name="Renamed")
    assert (renamed.status_code, renamed.json()["permission"]) == (403, "records:write")
    _, looking = await review.key(role="observer")
    assert (await review.log(looking, name="Renamed")).status_code == 403
    assert (await review.now())["name"] == "Acme"
    assert await review.notes() == []
    assert (await review.log(review.ws.admin, tier="Gold")).status_code == 201


async def test_another_writer_in_between_is_a_conflict_with_both_values(review: Review) -> None:
    theirs = await review.ws.admin.patch(review.path, {"traits": {"mood": "Angry"}})
    lost = await review.log(review.ws.leader, mood="Happy")
    assert (lost.status_code, lost.json()["code"]) == (409, "field_conflict"), lost.text
    [fault] = lost.json()["errors"]
    assert fault["pointer"] == "/field_values/mood"
    assert (fault["yours"], fault["theirs"], fault["version"]) == ("Happy", "Angry", 2)
    assert (await review.now())["version"] == theirs.json()["version"]
    assert await review.notes() == []
    same = await review.log(review.ws.leader, mood="Angry")
    assert same.status_code == 201, "what stands there already is no conflict"
    assert (await review.log(review.ws.leader, 2, mood="Happy")).status_code == 201
    assert (await review.now())["traits"] == {"mood": "Happy"}


async def test_whoever_writes_fields_says_which_version_they_saw(review: Review) -> None:
    note = {"subject_type": "account", "subject_id": review.account["id"], "title": "Review"}
    body = {**note, "template_key": "review", "field_values": {"mood": "Happy"}}
    refused = await review.ws.admin.post("/v1/notes", body)
    assert refused.status_code == 422
    assert [e["pointer"] for e in refused.json()["errors"]] == ["/record_versions/subject"]
    ann = (await make(review.ws, "contacts", {"name": "Ann"}))["id"]
    of_contact = {**body, "subject_type": "contact", "subject_id": ann}
    of_contact["field_values"] = {"tier": "Gold"}
    refused = await review.ws.admin.post("/v1/notes", of_contact)
    pointers = [e["pointer"] for e in refused.json()["errors"]]
    assert pointers == ["/account_id", "/record_versions/account"]


async def test_a_draft_is_written_when_the_accounts_service_is_back(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    with review.accounts_away(monkeypatch):
        kept = await review.log(review.ws.leader, mood="Happy")
    assert (kept.status_code, kept.json()["field_write"]) == (202, "pending"), kept.text
    assert (await review.now())["traits"] == {}
    await review.tenure.settle()
    [note] = await review.notes()
    assert (note["field_write"], note["field_faults"]) == ("written", [])
    assert (await review.now())["traits"] == {"mood": "Happy"}


async def test_a_draft_is_judged_as_its_author_may_when_it_is_written(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id, revoked = await review.key(role="leader")
    with review.accounts_away(monkeypatch):
        assert (await review.log(revoked, mood="Happy")).status_code == 202
        assert (await review.log(review.ws.leader, mood="Sad")).status_code == 202
    await review.ws.admin.post(f"/v1/api-keys/{key_id}/revoke")
    await review.ws.admin.patch(review.path, {"traits": {"mood": "Angry"}})
    await review.tenure.settle()
    conflict, ended = await review.notes()
    assert [f["code"] for f in ended["field_faults"]] == ["subject_ended"]
    [fault] = conflict["field_faults"]
    assert (fault["code"], fault["yours"], fault["theirs"]) == ("changed_meanwhile", "Sad", "Angry")
    assert (await review.now())["traits"] == {"mood": "Angry"}
    tasks = (await review.ws.admin.get("/v1/tasks", params={"filter": 'status = "open"'})).json()[
        "data"
    ]
    assert {task["data"]["note_id"] for task in tasks} == {conflict["id"], ended["id"]}


async def test_a_repeated_request_answers_as_the_first_did(review: Review) -> None:
    answers = [await review.log(review.ws.leader, key="one-review", mood="Happy") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await review.notes()) == 1


@pytest.mark.parametrize("key", [None, "review-1"])
async def test_what_died_between_its_two_effects_is_ended_by_the_next_request(
    review: Review, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    async def die(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched, expecting_a_fault():
        patched.setattr(service, "create_note", die)
        died = await review.log(review.ws.leader, key=key, name="Acme Ltd")
    assert died.status_code == 500
    assert (await review.now())["name"] == "Acme Ltd"
    assert await review.notes() == []
    logged = await review.log(review.ws.leader, key=key, name="Acme Ltd")
    assert (logged.status_code, logged.json()["field_write"]) == (201, "written")
    if key is not None:
        again = await review.log(review.ws.leader, key=key, name="Acme Ltd")
        assert again.json() == logged.json()
    assert [note["id"] for note in await review.notes()] == [logged.json()["id"]]
    assert (await review.now())["version"] == 2, "the field is written once"


def test_a_fault_of_a_record_is_told_at_the_notes_own_value_with_all_it_says() -> None:
    fields = [
        BoundField("mood", "Mood", "traits.mood"),
        BoundField("tier", "Tier", "tier", record="account"),
    ]
    note = NewNote(
        id=new_id(),
        external_id=None,
        source=None,
        template_key=None,
        template_version=None,
        subject_type="contact",
        subject_id=new_id(),
        account_id=new_id(),
        title="Review",
        body="",
        category=None,
        tags=[],
        private=False,
        noted_on=date(2026, 3, 2),
        author_id=None,
        author={},
        authored_at=datetime(2026, 3, 2, tzinfo=UTC),
        traits={},
        field_values={},
        record_versions={},
        field_write="none",
        hidden_by=[],
    )
    owned = {"code": "owned_elsewhere", "message": "Edit it there.", "connection_id": "s1"}
    gone = {"pointer": "/account", "code": "record_not_found", "message": "It is gone."}
    faults = record_faults(fields, note, [{"pointer": "/subject/traits/mood", **owned}, gone])
    assert [fault.as_json() for fault in faults] == [
        {"pointer": "/field_values/mood", **owned, "record": "subject"},
        {**gone, "pointer": "/account_id", "record": "account"},
    ]
