"""When somebody last spoke with a customer, from what other services tell."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.base import Cause, Event
from shared.events.sequences import ContactReplied, MessageSent
from shared.events.sync import PersonalMailReceived
from tests.harness import Tenure, Workspace

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 2, 27, 15, 30, tzinfo=UTC)


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def customer(ws: Workspace, name: str = "Acme") -> tuple[str, str]:
    """An account, and a contact of it."""
    account = await made(ws, "/v1/accounts", {"name": name})
    contact = await made(
        ws,
        "/v1/contacts",
        {
            "name": f"Ann of {name}",
            "email": f"ann@{name.lower()}.example",
            "accounts": [{"account_id": account["id"]}],
        },
    )
    return account["id"], contact["id"]


async def told(tenure: Tenure, ws: Workspace, publisher: Any, *events: Event) -> None:
    cause = [Cause(type="system", id="test")]
    async with tenure.workers[publisher].units.begin(ws.id, cause) as uow:
        for event in events:
            uow.publish(event)
    await tenure.settle()


async def touches(ws: Workspace, path: str) -> dict[str, Any]:
    answer = await ws.observer.get(f"{path}?include=touches")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["touches"]
    return found


def sent(account_id: str, contact_id: str, at: datetime) -> MessageSent:
    return MessageSent(
        enrollment_id=uuid4(),
        sequence_id=uuid4(),
        opportunity_id=uuid4(),
        account_id=UUID(account_id),
        contact_id=UUID(contact_id),
        message_id=uuid4(),
        step_id=uuid4(),
        step_title="Renewal 60 days",
        internet_message_id=f"<{uuid4()}@tenure.example>",
        subject="Your renewal",
        sender="csm@tenure.example",
        sent_at=at,
    )


def received(sender: str, at: datetime, message_id: str = "<1@acme.example>") -> Event:
    return PersonalMailReceived(
        connection_id=uuid4(),
        mailbox="csm@tenure.example",
        message_id=message_id,
        sender=sender,
        recipients=["csm@tenure.example"],
        subject="Hello",
        received_at=at,
    )


async def test_mail_both_ways_is_a_touch_of_the_contact_and_the_account(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account_id, contact_id = await customer(ws)
    later = sent(account_id, contact_id, NINE)
    await told(tenure, ws, "sequencer", later, sent(account_id, contact_id, FRIDAY))
    await told(tenure, ws, "sync", received("Ann@ACME.example", FRIDAY))
    expected = {
        "last_inbound_at": "2026-02-27T15:30:00Z",
        "last_outbound_at": "2026-03-02T09:00:00Z",
    }
    for path in (f"/v1/accounts/{account_id}", f"/v1/contacts/{contact_id}"):
        found = await touches(ws, path)
        assert {name: found[name].replace("+00:00", "Z") for name in found} == expected
    await told(tenure, ws, "sync", received("nobody@acme.example", NINE))
    assert (await touches(ws, f"/v1/accounts/{account_id}"))["last_inbound_at"].startswith(
        "2026-02-27"
    )


async def test_an_answer_by_a_colleague_is_of_whom_the_mail_was_sent_to(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account_id, contact_id = await customer(ws)
    answered = ContactReplied(
        **sent(account_id, contact_id, NINE).model_dump(
            include={"enrollment_id", "sequence_id", "opportunity_id", "account_id", "contact_id"}
        ),
        account_name="Acme",
        contact_name="Ann",
        subject="Re: Your renewal",
        notify_key_role="csm",
        internet_message_id="<2@acme.example>",
        received_at=NINE,
    )
    await told(tenure, ws, "sequencer", answered)
    await told(tenure, ws, "sync", received("ann@acme.example", NINE, "<2@acme.example>"))
    assert (await touches(ws, f"/v1/contacts/{contact_id}")).keys() == {"last_inbound_at"}


async def test_a_note_says_when_until_it_says_so_no_more(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account_id, _ = await customer(ws)
    about = {"subject_type": "account", "subject_id": account_id, "body": ""}
    note = await made(ws, "/v1/notes", {**about, "title": "A call"})
    talk = {"title": "Review", "category": "Meeting", "noted_on": "2026-02-20"}
    meeting = await made(ws, "/v1/notes", {**about, **talk})
    await tenure.settle()
    path = f"/v1/accounts/{account_id}"
    assert {name: at[:10] for name, at in (await touches(ws, path)).items()} == {
        "last_meeting_at": "2026-02-20",
        "last_note_at": "2026-03-02",
    }
    assert (await ws.admin.patch(f"/v1/notes/{note['id']}", {"private": True})).status_code == 200
    await tenure.settle()
    assert (await touches(ws, path))["last_note_at"].startswith("2026-02-20")
    assert (await ws.admin.delete(f"/v1/notes/{meeting['id']}")).status_code == 204
    await tenure.settle()
    assert await touches(ws, path) == {}


async def test_touches_are_fields_of_lists_rules_formulas_and_files(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    quiet, _ = await customer(ws, "Quiet")
    busy, contact = await customer(ws, "Busy")
    rule = "touches.last_outbound_at within last 3 days"
    segment = await made(
        ws, "/v1/segments", {"title": "Spoken to", "record_type": "account", "rule": rule}
    )
    formula = {
        "record_type": "account",
        "key": "silent_days",
        "title": "Days of silence",
        "type": "formula",
        "formula": "days_between(touches.last_outbound_at, today())",
        "result_type": "number",
    }
    await made(ws, "/v1/traits", formula)
    await told(tenure, ws, "sequencer", sent(busy, contact, FRIDAY))
    members = await ws.admin.get(f"/v1/segments/{segment['id']}/members")
    assert [member["record_id"] for member in members.json()["data"]] == [busy]
    chosen = {"fields": "name,touches.last_outbound_at,traits.silent_days"}
    ordered = await ws.admin.get(
        "/v1/accounts", params={"sort": "touches.last_outbound_at", **chosen}
    )
    rows = ordered.json()["data"]
    assert [row["id"] for row in rows] == [busy, quiet]
    assert rows[0]["touches"]["last_outbound_at"].startswith("2026-02-27T15:30")
    assert rows[0]["traits"] == {"silent_days": 3}
    assert rows[1]["touches"] == {"last_outbound_at": None}
    found = await ws.admin.get(
        "/v1/accounts", params={"filter": "touches.last_outbound_at is empty"}
    )
    assert [row["id"] for row in found.json()["data"]] == [quiet]
    file = await ws.admin.get("/v1/accounts/export.csv", params={**chosen, "sort": "name"})
    lines = file.text.splitlines()
    assert lines[0].endswith("name,traits.silent_days,touches.last_outbound_at")
    assert "2026-02-27" in lines[1]
    assert lines[2].endswith(",Quiet,,")
    await tenure.set_clock(ws, datetime(2026, 3, 4, 9, 0, tzinfo=UTC))
    members = await ws.admin.get(f"/v1/segments/{segment['id']}/members")
    assert members.json()["data"] == []


async def test_the_past_knows_the_last_touch_of_then(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 2, 20, 9, 0, tzinfo=UTC))
    account_id, contact_id = await customer(ws)
    await told(tenure, ws, "sequencer", sent(account_id, contact_id, FRIDAY))
    await tenure.set_clock(ws, NINE)
    await told(tenure, ws, "sequencer", sent(account_id, contact_id, NINE))
    query = {"as_of": "2026-03-01T00:00:00Z", "fields": "name,touches.last_outbound_at"}
    [row] = (await ws.admin.get("/v1/accounts", params=query)).json()["data"]
    assert row["touches"]["last_outbound_at"].startswith("2026-02-27")
    one = await ws.admin.get(f"/v1/accounts/{account_id}", params=query)
    assert one.json()["touches"] == row["touches"]
    late = {"filter": "touches.last_outbound_at after 2026-03-01", **query}
    assert (await ws.admin.get("/v1/accounts", params=late)).json()["data"] == []


@pytest.mark.parametrize("path", ["accounts", "contacts"])
async def test_touches_follow_a_merge(tenure: Tenure, path: str) -> None:
    ws = await tenure.workspace()
    winner, loser = await customer(ws, "Winner"), await customer(ws, "Loser")
    await told(tenure, ws, "sequencer", sent(*winner, FRIDAY), sent(*loser, NINE))
    place = ("accounts", "contacts").index(path)
    merged = {"loser_id": loser[place]}
    answer = await ws.admin.post(f"/v1/{path}/{winner[place]}/merge", merged)
    assert answer.status_code == 200, answer.text
    await tenure.settle()
    found = await touches(ws, f"/v1/{path}/{winner[place]}")
    assert found["last_outbound_at"].startswith("2026-03-02")
