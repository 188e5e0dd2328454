from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.sequences import MessageSent
from shared.ids import new_id
from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure, Workspace

RENEWAL: dict[str, Any] = {
    "name": "Acme renewal",
    "type": "renewal",
    "contract_expiration": "2026-03-20",
}
ENTER = {"manually_enter_renewal_sequence": True}
REFUSED = "accounts.manual_entry_refused.v1"


async def test_an_opportunity_enters_by_hand_before_its_contract_expires(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws, "opportunities", RENEWAL)
    entered = await ws.admin.patch(f"/v1/opportunities/{made['id']}", ENTER)
    assert entered.status_code == 200, entered.text
    event = (await events_of(tenure, ws, "accounts.opportunity_changed.v1"))[-1]
    assert event["changed"] == ["manually_enter_renewal_sequence"]
    assert event["record"]["manually_enter_renewal_sequence"] is True


@pytest.mark.parametrize(
    ("zone", "status"),
    [
        # It is 2026-03-19 23:30 in London, and tomorrow already in Tokyo.
        ("Asia/Tokyo", 409),
        ("Europe/London", 200),
        (None, 200),
    ],
)
async def test_the_day_of_expiration_comes_where_the_customer_is(
    tenure: Tenure, zone: str | None, status: int
) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 19, 23, 30, tzinfo=UTC))
    account = await make(ws, "accounts", {"name": "Acme", "time_zone": zone})
    made = await make(ws, "opportunities", {**RENEWAL, "account_id": account["id"]})
    answer = await ws.admin.patch(f"/v1/opportunities/{made['id']}", ENTER)
    assert answer.status_code == status, answer.text


async def test_entering_too_late_is_refused_and_told(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "Acme"})
    fields = {**RENEWAL, "contract_expiration": "2026-03-02", "account_id": account["id"]}
    made = await make(ws, "opportunities", fields)
    path = f"/v1/opportunities/{made['id']}"
    late = await ws.admin.patch(path, {**ENTER, "stage": "Late"})
    assert (late.status_code, late.json()["code"]) == (409, "contract_expired")
    assert (await ws.admin.get(path)).json() == made
    (told,) = await events_of(tenure, ws, REFUSED)
    assert told["opportunity_id"] == made["id"]
    assert (told["account_name"], told["contract_expiration"]) == ("Acme", "2026-03-02")
    moved = await ws.admin.patch(path, {**ENTER, "contract_expiration": "2026-06-01"})
    assert moved.status_code == 200


async def test_a_closed_opportunity_does_not_enter(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws, "opportunities", {**RENEWAL, "is_closed": True, "is_won": True})
    closed = await ws.admin.patch(f"/v1/opportunities/{made['id']}", ENTER)
    assert (closed.status_code, closed.json()["code"]) == (409, "opportunity_closed")
    (told,) = await events_of(tenure, ws, REFUSED)
    assert told["reason"] == "opportunity_closed"


async def test_a_row_that_enters_too_late_is_refused_alone(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    late, fine = await bulk(
        ws,
        "opportunities",
        [
            {**RENEWAL, **ENTER, "external_id": "1", "contract_expiration": "2026-01-01"},
            {**RENEWAL, **ENTER, "external_id": "2"},
        ],
    )
    assert (late["status"], late["code"], late["id"]) == ("rejected", "contract_expired", None)
    assert fine["status"] == "created"
    assert len(await events_of(tenure, ws, REFUSED)) == 1


async def test_the_status_shows_the_last_mail_handed_over(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await make(ws, "opportunities", RENEWAL)
    await hand_over(tenure, ws, made["id"], "Renewal 90 days", 9)
    await hand_over(tenure, ws, made["id"], "Renewal 60 days", 12)
    await hand_over(tenure, ws, made["id"], "Renewal 90 days", 10)
    await tenure.settle()
    read = (await ws.admin.get(f"/v1/opportunities/{made['id']}")).json()
    assert read["renewal_sequence_status"] == "Renewal 60 days sent"
    assert read["renewal_sequence_status_at"] == "2026-03-02T12:00:00Z"
    history = await ws.admin.get(f"/v1/opportunities/{made['id']}/history")
    cause = history.json()["data"][0]["cause"]
    assert cause[-1]["label"] == "sequences.message_sent.v1"
    refused = await ws.admin.patch(
        f"/v1/opportunities/{made['id']}", {"renewal_sequence_status": "mine"}
    )
    assert refused.json()["errors"][0]["code"] == "unknown_field"


async def hand_over(
    tenure: Tenure, ws: Workspace, opportunity_id: str, title: str, hour: int
) -> None:
    sent = MessageSent.model_validate(
        {
            "enrollment_id": new_id(),
            "sequence_id": new_id(),
            "opportunity_id": opportunity_id,
            "account_id": None,
            "contact_id": None,
            "message_id": new_id(),
            "step_id": new_id(),
            "step_title": title,
            "internet_message_id": "<a@b>",
            "subject": "Renewal",
            "sender": "csm@example.com",
            "sent_at": datetime(2026, 3, 2, hour, tzinfo=UTC),
        }
    )
    async with tenure.workers["sequencer"].units.begin(ws.id, ()) as uow:
        uow.publish(sent)


async def test_merged_accounts_hand_over_their_opportunities(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    winner = await make(ws, "accounts", {"name": "W"})
    loser = await make(ws, "accounts", {"name": "L", "external_id": "l"})
    deal = await make(ws, "opportunities", {**RENEWAL, "account_external_id": "l"})
    contact = await make(
        ws, "contacts", {"email": "c@l.example", "accounts": [{"account_id": loser["id"]}]}
    )
    me = ws.details["admin_id"]
    await ws.admin.patch(f"/v1/accounts/{loser['id']}", {"key_roles": {"csm": [me]}})
    merged = await ws.admin.post(f"/v1/accounts/{winner['id']}/merge", {"loser_id": loser["id"]})
    assert merged.status_code == 200, merged.text
    assert merged.json()["key_roles"] == {"csm": [me]}
    read = await ws.admin.get(f"/v1/accounts/{winner['id']}?include=contacts,opportunities")
    assert [row["id"] for row in read.json()["opportunities"]] == [deal["id"]]
    assert [row["id"] for row in read.json()["contacts"]] == [contact["id"]]
    by_loser = await ws.admin.get("/v1/accounts/by-external-id/l")
    assert by_loser.json()["id"] == winner["id"]
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    (gone,) = [event for event in told if event["change"] == "merged"]
    assert (gone["id"], gone["merged_into"]) == (loser["id"], winner["id"])
    again = await ws.admin.post(f"/v1/accounts/{winner['id']}/merge", {"loser_id": loser["id"]})
    assert again.status_code == 422
    itself = await ws.admin.post(f"/v1/accounts/{winner['id']}/merge", {"loser_id": winner["id"]})
    assert itself.json()["code"] == "cannot_merge"
