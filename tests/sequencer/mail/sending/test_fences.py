"""What stops a mail between its planning and its final dot: looked at under locks, at the last
moment (reliability.md F8, G6).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from sequencer.mail.sending.jobs import Dispatcher
from sequencer.settings import SequencerSettings
from shared.ids import new_id
from tests.sequencer.renewals import Renewals, day
from tests.simulators.mail import Fault, Stage

Stop = Callable[[Renewals, UUID], Awaitable[None]]


async def state(renewals: Renewals) -> str:
    [message] = await renewals.messages()
    return str(message["state"])


@asynccontextmanager
async def slow_hand_over(renewals: Renewals, seconds: float) -> AsyncIterator[UUID]:
    """Inside, a mail is claimed and its server takes its time before it asks for the body."""
    await renewals.furnish()
    await renewals.sequence(90, 60)
    rule = renewals.mail.fail(Fault(stage=Stage.DATA, delay=seconds), times=1)
    opportunity_id = new_id()
    telling = asyncio.create_task(
        renewals.told(renewals.opportunity_event(opportunity_id), renewals.entered(opportunity_id))
    )
    async with asyncio.timeout(30):
        while not any(one["state"] == "dispatching" for one in await renewals.messages()):
            await asyncio.sleep(0.01)
    yield opportunity_id
    await telling
    renewals.mail.rules.remove(rule.id)
    await renewals.tenure.settle()


async def closing(renewals: Renewals, opportunity_id: UUID) -> None:
    await publish(renewals, renewals.opportunity_event(opportunity_id, is_closed=True))


async def expiring(renewals: Renewals, opportunity_id: UUID) -> None:
    event = renewals.opportunity_event(opportunity_id, contract_expiration=day(0))
    await publish(renewals, event)


async def churning(renewals: Renewals, opportunity_id: UUID) -> None:
    await publish(renewals, renewals.account_event(lifecycle_status="churned"))


async def pausing(renewals: Renewals, opportunity_id: UUID) -> None:
    [enrollment] = await renewals.enrollments(opportunity_id=opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}/pause"
    answer = await renewals.ws.admin.post(path, {})
    assert answer.json()["in_flight_message_id"] is not None, "reported, not denied"


async def suppressing(renewals: Renewals, opportunity_id: UUID) -> None:
    answer = await renewals.ws.admin.post("/v1/suppressions", {"email": "ann@acme.example"})
    assert answer.status_code == 201


async def passing_time(renewals: Renewals, opportunity_id: UUID) -> None:
    clock = {"frozen_at": f"{day(89)}T23:59:01Z"}
    assert (await renewals.ws.admin.put("/v1/workspace/clock", clock)).status_code == 200
    await hear(renewals)


async def publish(renewals: Renewals, event: Any) -> None:
    async with renewals.tenure.workers["accounts"].units.begin(renewals.ws.id, ()) as uow:
        uow.publish(event)
    await hear(renewals)


async def hear(renewals: Renewals) -> None:
    """The feed alone: what sends is busy."""
    await renewals.tenure.hear("sequencer", "accounts")


@pytest.mark.parametrize("stop", [closing, churning, expiring, pausing, suppressing, passing_time])
async def test_what_changes_during_the_hand_over_still_stops_it(
    renewals: Renewals, stop: Stop
) -> None:
    async with slow_hand_over(renewals, 2.0) as opportunity_id:
        await stop(renewals, opportunity_id)
    assert renewals.sent() == []
    states = Counter(one["state"] for one in await renewals.messages())
    assert not states.keys() & {"sent", "unknown", "dispatching"}


@asynccontextmanager
async def locked(renewals: Renewals, opportunity_id: UUID) -> AsyncIterator[None]:
    """Somebody changes the record, in a transaction that takes its time."""
    service = renewals.tenure.workers["sequencer"]
    touch = "update opportunities set name = name where workspace_id = :workspace_id and id = :id"
    async with service.units.begin(renewals.ws.id, ()) as uow:
        given = {"workspace_id": renewals.ws.id, "id": opportunity_id}
        await uow.connection.execute(text(touch), given)
        yield


async def test_a_row_that_is_locked_before_the_final_dot_is_waited_for(renewals: Renewals) -> None:
    async with slow_hand_over(renewals, 0.5) as opportunity_id, locked(renewals, opportunity_id):
        await asyncio.sleep(1.0)
    assert len(renewals.sent()) == 1
    [message] = await renewals.messages()
    assert (message["state"], message["attempts"]) == ("sent", 1), "the body went over once"


async def test_to_find_a_row_locked_for_long_is_no_attempt(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequencer.mail.sending.delivery._LOCK_WAITS", (0.05,))
    async with slow_hand_over(renewals, 0.5) as opportunity_id, locked(renewals, opportunity_id):
        async with asyncio.timeout(20):
            while await state(renewals) != "scheduled":
                await asyncio.sleep(0.02)
        [message] = await renewals.messages()
        assert (message["attempts"], message["reason"]) == (0, "not_sent")
        url = f"{renewals.tenure.urls['sequencer']}/v1/status"
        due = (await renewals.ws.admin.http.get(url)).json()["due_work"]
        assert due["retrying_messages"] + due["due_messages"] == 1, "it is not forgotten"
    async with asyncio.timeout(20):
        while await state(renewals) != "sent":
            await renewals.tenure.settle()
    assert len(renewals.sent()) == 1


async def test_two_contacts_who_are_one_mailbox_share_its_cap(renewals: Renewals) -> None:
    """Of two accounts, claimed in one batch or by two workers."""
    await renewals.furnish()
    await renewals.sequence(90)
    events = []
    for email in ("Pat@silent.example", "pat@silent.example", "pat@SILENT.example"):
        account_id, contact_id, opportunity_id = new_id(), new_id(), new_id()
        events += [
            renewals.account_event(account_id),
            renewals.contact_event(contact_id, email=email, accounts=[(account_id, [])]),
            renewals.opportunity_event(opportunity_id, account_id=account_id),
            renewals.entered(opportunity_id),
        ]
    hold = {"settings": {"holds": {"sending": True}}}
    await renewals.ws.admin.patch("/v1/workspace", hold)
    await renewals.told(*events)
    hold["settings"]["holds"]["sending"] = False
    await renewals.ws.admin.patch("/v1/workspace", hold)
    await hear(renewals)
    service = renewals.tenure.workers["sequencer"]
    workers = [Dispatcher(SequencerSettings(send_slots=1)) for _ in range(3)]
    await asyncio.gather(*(one.step(service) for one in workers))
    await renewals.tenure.settle()
    for days in (0, 1, 2):
        await renewals.on(days)
        assert len(renewals.sent()) == days + 1


async def test_a_record_that_is_being_changed_is_not_waited_for_and_not_sent_to(
    renewals: Renewals,
) -> None:
    """The join guard of F8 would send after the expiry was committed."""
    service = renewals.tenure.workers["sequencer"]
    dispatcher = Dispatcher(SequencerSettings())
    await renewals.furnish()
    await renewals.sequence(90, 60)
    answer = await renewals.ws.admin.patch(
        "/v1/workspace", {"settings": {"holds": {"sending": True}}}
    )
    assert answer.status_code == 200
    opportunity_id = await renewals.opportunity()
    await renewals.ws.admin.patch("/v1/workspace", {"settings": {"holds": {"sending": False}}})
    async with service.units.begin(renewals.ws.id, ()) as uow:
        await uow.connection.execute(
            text(
                "update opportunities set is_closed = true"
                " where workspace_id = :workspace_id and id = :id"
            ),
            {"workspace_id": renewals.ws.id, "id": opportunity_id},
        )
        await hear(renewals)
        async with asyncio.timeout(2):
            assert await dispatcher.step(service) is False
        assert await state(renewals) == "scheduled"
    await renewals.tenure.settle()
    assert await state(renewals) == "cancelled"
    assert renewals.sent() == []


async def test_workers_beside_each_other_send_each_mail_once(renewals: Renewals) -> None:
    service = renewals.tenure.workers["sequencer"]
    await renewals.furnish()
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    await renewals.ws.admin.patch(f"/v1/mailboxes/{mailbox['id']}", {"daily_cap": 15})
    await renewals.sequence(90, 60)
    hold = {"settings": {"holds": {"sending": True}}}
    await renewals.ws.admin.patch("/v1/workspace", hold)
    await renewals.customers(20)
    hold["settings"]["holds"]["sending"] = False
    await renewals.ws.admin.patch("/v1/workspace", hold)
    await hear(renewals)

    async def work() -> None:
        dispatcher = Dispatcher(SequencerSettings(send_slots=3))
        while await dispatcher.step(service):
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    await renewals.tenure.settle()
    taken = Counter(mail.message_id for mail in renewals.sent())
    assert set(taken.values()) == {1}
    assert len(taken) == 15, "the cap holds between workers"
    attempts = {one["attempts"] for one in await renewals.messages(state="sent")}
    assert attempts == {1}, "no claim takes a mail's rows from under its hand-over"
    waiting = await renewals.messages(state="scheduled")
    assert {one["due_at"] for one in waiting} == {"2026-03-03T09:00:00Z"}


async def test_one_contact_gets_one_mail_a_day_from_however_many_workers(
    renewals: Renewals,
) -> None:
    service = renewals.tenure.workers["sequencer"]
    await renewals.furnish()
    await renewals.sequence(90)
    hold = {"settings": {"holds": {"sending": True}}}
    await renewals.ws.admin.patch("/v1/workspace", hold)
    for _ in range(4):
        await renewals.opportunity()
    hold["settings"]["holds"]["sending"] = False
    await renewals.ws.admin.patch("/v1/workspace", hold)
    await hear(renewals)
    workers = [Dispatcher(SequencerSettings(send_slots=1)) for _ in range(4)]
    for _ in range(3):
        await asyncio.gather(*(one.step(service) for one in workers))
    await renewals.tenure.settle()
    assert len(renewals.sent()) == 1
