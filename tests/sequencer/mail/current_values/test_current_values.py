"""A mail that names what the days make of a record says what it is on its own day, or waits."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import text

from sequencer.mail.sending.jobs import Dispatcher
from shared.events.accounts import SegmentChanged
from shared.ids import new_id
from shared.service import Service
from tests.accounts_api.records.making import make, make_trait
from tests.sequencer.mail.sending.sender import sender
from tests.sequencer.renewals import Json, Renewals, day, due_work, step

LEFT = {"formula": "days_between(today(), contract_expiration)", "result_type": "number"}
SUBJECT = "{{ account.name }}: {{ opportunity.traits.left }} days"
SAID = "{{ contact.first_name }}, {{ account.traits.open }}\n{{ unsubscribe_url }}\n"
OPEN = {"formula": "days_between(today(), traits.ends)", "result_type": "number"}


async def world(renewals: Renewals) -> UUID:
    """A renewal that accounts knows, of which nothing changes any more, in a sequence that counts
    its days.
    """
    ws = renewals.ws
    await make_trait(ws, "opportunity", "left", "formula", **LEFT)
    await make_trait(ws, "account", "ends", "date")
    await make_trait(ws, "account", "open", "formula", **OPEN)
    await renewals.furnish()
    account = await make(ws, "accounts", {"name": "Globex", "traits": {"ends": day(100)}})
    link = {"account_id": account["id"], "plan_roles": []}
    bea = {"name": "Bea Ray", "first_name": "Bea", "email": "bea@globex.example"}
    await make(ws, "contacts", {**bea, "accounts": [link]})
    renewal = {
        "name": "Globex",
        "account_id": account["id"],
        "type": "renewal",
        "contract_expiration": day(90),
        "deal_room_url": "https://rooms.example/globex",
    }
    made = await make(ws, "opportunities", renewal)
    mailboxes = (await ws.admin.get("/v1/mailboxes")).json()["data"]
    await renewals.sequence(
        steps=[step(each, subject=SUBJECT, text=SAID) for each in (90, 60)],
        contact_selector={"trait": None},
        sender={"mailbox_id": mailboxes[0]["id"]},
    )
    await renewals.told(renewals.entered(UUID(made["id"])))
    return UUID(made["id"])


@pytest.fixture
def dispatcher(renewals: Renewals) -> Iterator[Dispatcher]:
    """The one in this process; a test says when it sends."""
    loops = renewals.tenure.loops["sequencer"]
    found: Dispatcher = next(
        loop.step.__self__  # type: ignore[attr-defined]
        for loop in loops
        if loop.name == "sending"
    )
    slots = found.settings.send_slots
    yield found
    found.settings.send_slots = slots


@contextmanager
def unreachable_accounts(process: Service) -> Iterator[None]:
    """Nothing listens where a process looks for accounts."""
    known = process.settings
    values = {**known.model_dump(), "accounts_url": "http://127.0.0.1:9"}
    process.settings = type(known).model_construct(**values)
    try:
        yield
    finally:
        process.settings = known


async def send_without_accounts(renewals: Renewals, dispatcher: Dispatcher) -> None:
    worker = renewals.tenure.workers["sequencer"]
    dispatcher.settings.send_slots = 8
    with unreachable_accounts(worker):
        while await dispatcher.step(worker):
            pass
    dispatcher.settings.send_slots = 0


async def others_of_another_sequence(renewals: Renewals) -> list[UUID]:
    """Whose mails name a trait, but none that time changes; due after thirty days."""
    renewals.audience = new_id()
    audience = SegmentChanged(
        id=renewals.audience,
        title="Others",
        record_type="opportunity",
        version=1,
        archived=False,
    )
    await renewals.told(audience)
    text = "{{ account.traits.ends | default: 'never' }}\n{{ unsubscribe_url }}\n"
    await renewals.sequence(steps=[step(90, text=text)])
    return await renewals.customers(1, contract_expiration=day(120))


async def lapse(renewals: Renewals) -> None:
    """What the passing of a minute would do."""
    async with renewals.tenure.workers["sequencer"].units.begin(renewals.ws.id, ()) as uow:
        past = (
            "update messages set retry_at = clock_timestamp() - interval '1 second'"
            " where workspace_id = :workspace_id and reason = 'waiting_for_accounts'"
        )
        await uow.run(text(past))


def said(renewals: Renewals) -> list[tuple[str, str]]:
    return [
        (mail.subject, (mail.text or "").splitlines()[0])
        for mail in renewals.sent("bea@globex.example")
    ]


async def waiting(renewals: Renewals) -> Json:
    (found,) = [one for one in await renewals.messages() if one["state"] == "scheduled"]
    return found


async def test_each_mail_says_what_holds_on_its_own_day(renewals: Renewals) -> None:
    await world(renewals)
    assert said(renewals) == [("Globex: 90 days", "Bea, 100")]
    await renewals.on(30)
    assert said(renewals)[1:] == [("Globex: 60 days", "Bea, 70")]
    kept = (await renewals.messages())[-1]
    raw = (await renewals.ws.observer.get(f"/v1/messages/{kept['id']}")).json()["raw"]
    assert raw.encode() == renewals.sent()[-1].raw.rstrip(b"\r\n") + b"\r\n"


async def test_without_accounts_such_a_mail_waits_and_others_go(
    renewals: Renewals, dispatcher: Dispatcher
) -> None:
    await world(renewals)
    dispatcher.settings.send_slots = 0
    others = await others_of_another_sequence(renewals)
    await renewals.on(30)
    await send_without_accounts(renewals, dispatcher)
    assert len(said(renewals)) == 1
    mail = await waiting(renewals)
    assert (mail["reason"], mail["attempts"]) == ("waiting_for_accounts", 0)
    assert "accounts, which does not answer" in mail["detail"]
    assert await due_work(renewals) == {"retrying_messages": 1}
    assert renewals.reached(others) == others
    dispatcher.settings.send_slots = 8
    await renewals.on(31)
    assert len(said(renewals)) == 1, "it is not asked for before its time"
    await lapse(renewals)
    await renewals.tenure.settle()
    assert said(renewals)[1:] == [("Globex: 59 days", "Bea, 69")]
    assert await due_work(renewals) == {}


async def test_what_waits_for_accounts_expires_as_any_other(
    renewals: Renewals, dispatcher: Dispatcher
) -> None:
    await world(renewals)
    dispatcher.settings.send_slots = 0
    await renewals.on(30)
    await send_without_accounts(renewals, dispatcher)
    assert (await waiting(renewals))["reason"] == "waiting_for_accounts"
    await lapse(renewals)
    await renewals.on(90)
    await send_without_accounts(renewals, dispatcher)
    ended = [(one["state"], one["reason"]) for one in await renewals.messages()]
    assert ended == [("sent", None), ("cancelled", "exited_contract_expired")]
    assert len(said(renewals)) == 1


async def test_a_worker_killed_between_the_answer_and_the_claim_sends_nothing_twice(
    renewals: Renewals, dispatcher: Dispatcher
) -> None:
    await world(renewals)
    dispatcher.settings.send_slots = 0
    await renewals.on(30)
    process = await sender(renewals.tenure, "send.after_asking=kill:1")
    assert await process.wait() == -signal.SIGKILL
    assert (await waiting(renewals))["attempts"] == 0
    dispatcher.settings.send_slots = 8
    await renewals.tenure.settle()
    assert said(renewals)[1:] == [("Globex: 60 days", "Bea, 70")]
    assert {renewals.mail.count(mail.message_id) for mail in renewals.sent()} == {1}


async def test_what_accounts_knows_no_more_waits_for_its_events(
    renewals: Renewals, dispatcher: Dispatcher
) -> None:
    opportunity_id = await world(renewals)
    dispatcher.settings.send_slots = 0
    await renewals.on(30)
    worker = renewals.tenure.workers["sequencer"]
    path = f"/v1/opportunities/{opportunity_id}"
    gone = await renewals.ws.admin.delete(path, headers={"if-match": "*"})
    assert gone.status_code == 204, gone.text
    dispatcher.settings.send_slots = 8
    while await dispatcher.step(worker):
        pass
    mail = await waiting(renewals)
    assert (mail["reason"], len(said(renewals))) == ("waiting_for_accounts", 1)
    assert "not there any more" in mail["detail"]
    await renewals.tenure.settle()
    ended = (await renewals.messages())[-1]
    assert (ended["state"], len(said(renewals))) == ("cancelled", 1)


async def test_a_mail_without_such_a_value_is_held_as_without_any_other(
    renewals: Renewals, dispatcher: Dispatcher
) -> None:
    """The trait was deleted, and accounts finds no field of that name."""
    await world(renewals)
    dispatcher.settings.send_slots = 0
    await renewals.on(30)
    traits = (await renewals.ws.admin.get("/v1/traits")).json()["data"]
    (left,) = [one for one in traits if one["key"] == "left"]
    path = f"/v1/traits/{left['id']}?force=true"
    gone = await renewals.ws.admin.delete(path, headers={"if-match": "*"})
    assert gone.status_code in {200, 202, 204}, gone.text
    dispatcher.settings.send_slots = 8
    while await dispatcher.step(renewals.tenure.workers["sequencer"]):
        pass
    held = (await renewals.messages())[-1]
    assert (held["state"], held["reason"]) == ("held", "cannot_render")
    assert held["detail"] == "opportunity.traits.left has no value for this record."


async def test_a_preview_shows_what_holds_today(renewals: Renewals) -> None:
    opportunity_id = await world(renewals)
    (sequence,) = (await renewals.ws.admin.get("/v1/sequences")).json()["data"]
    await renewals.on(7)
    path = f"/v1/sequences/{sequence['id']}/preview"
    answer = await renewals.ws.observer.post(path, {"opportunity_id": str(opportunity_id)})
    subjects = {one["subject"] for one in answer.json()["steps"]}
    assert subjects == {"Globex: 83 days"}
    app = renewals.tenure.apps["sequencer"].state.service
    with unreachable_accounts(app):
        answer = await renewals.ws.observer.post(path, {"opportunity_id": str(opportunity_id)})
    first = answer.json()["steps"][0]
    assert (first["subject"], answer.status_code) == (None, 200)
    assert "accounts, which does not answer" in first["problem"]
