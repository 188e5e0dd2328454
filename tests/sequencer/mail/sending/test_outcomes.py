"""What each answer of the mail server, and each silence, does to the ledger."""

import pytest

from sequencer.settings import SequencerSettings
from tests.sequencer.mail.sending.making import enter, only_message
from tests.sequencer.renewals import PASSWORD, Renewals, step
from tests.simulators.mail import Fault, Stage


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, renewals: Renewals) -> None:
    """Seconds instead of minutes."""
    dispatcher = next(
        loop.step.__self__  # type: ignore[attr-defined]
        for loop in renewals.tenure.loops["sequencer"]
        if loop.name == "sending"
    )
    quick = SequencerSettings(
        smtp_connect_seconds=2,
        smtp_command_seconds=1,
        smtp_final_seconds=1,
        send_retry_seconds=(0.0,),
    )
    monkeypatch.setattr(dispatcher, "settings", quick)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(stage=Stage.CONNECT, close=True),
        Fault(stage=Stage.CONNECT, code=421, text="4.3.2 Not now"),
        Fault(stage=Stage.AUTH, code=454, text="4.7.0 Temporary authentication failure"),
        Fault(stage=Stage.MAIL, code=451),
        Fault(stage=Stage.RCPT, code=450, text="4.2.1 Greylisted"),
        Fault(stage=Stage.RCPT, code=552, text="5.2.2 Mailbox full"),
        Fault(stage=Stage.RCPT, close=True),
        Fault(stage=Stage.DATA, close=True),
        Fault(stage=Stage.BODY, close=True),
        Fault(stage=Stage.DOT, code=451),
        Fault(stage=Stage.MAIL, delay=2.0),
    ],
    ids=lambda fault: f"{fault.stage}-{fault.code or ('close' if fault.close else 'silence')}",
)
async def test_what_certainly_did_not_leave_is_tried_again(
    renewals: Renewals, fault: Fault
) -> None:
    renewals.mail.fail(fault, times=1)
    opportunity_id = await enter(renewals)
    [mail] = renewals.sent()
    message = await only_message(renewals)
    assert (message["state"], message["attempts"]) == ("sent", 2)
    assert mail.message_id == message["internet_message_id"]
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert await renewals.events("message_held") == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(stage=Stage.DOT, close=True, accepted=True),
        Fault(stage=Stage.DOT, close=True),
        Fault(stage=Stage.DOT, delay=2.0, accepted=True),
    ],
    ids=["accepted and cut", "cut", "silent"],
)
async def test_silence_after_the_dot_is_held_and_never_repeated(
    renewals: Renewals, fault: Fault
) -> None:
    renewals.mail.fail(fault, times=1)
    opportunity_id = await enter(renewals, 90, 60, 30)
    message = await only_message(renewals)
    assert message["state"] == "unknown"
    [held] = await renewals.events("message_held")
    assert (held["reason"], held["message_id"]) == ("outcome_unknown", message["id"])
    await renewals.on(35)
    assert len(await renewals.messages()) == 1, "the sequence waits"
    assert renewals.mail.count(message["internet_message_id"]) == int(fault.accepted)
    enrollment = await renewals.enrollment(opportunity_id)
    assert enrollment["pending_message_id"] == message["id"]


@pytest.mark.usefixtures("impatient")
async def test_a_person_resolves_an_unknown_outcome(renewals: Renewals) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, close=True), times=1)
    opportunity_id = await enter(renewals)
    message = await only_message(renewals)
    path = f"/v1/messages/{message['id']}/resolve"
    refused = await renewals.ws.team_member.post(path, {"outcome": "sent"})
    assert refused.status_code == 403
    answer = await renewals.ws.leader.post(path, {"outcome": "not_sent"})
    assert (answer.status_code, answer.json()["state"]) == (200, "scheduled")
    await renewals.tenure.settle()
    [mail] = renewals.sent()
    assert mail.message_id == message["internet_message_id"], "the same name for every attempt"
    again = await renewals.ws.leader.post(path, {"outcome": "sent"})
    assert (again.status_code, again.json()["code"]) == (409, "outcome_known")
    told = await renewals.events("message_resolved")
    assert [one["outcome"] for one in told] == ["not_sent"]
    assert (await renewals.ws.audited())[0] == "message.resolved"
    assert (await renewals.enrollment(opportunity_id))["next_due_at"] is not None


@pytest.mark.usefixtures("impatient")
async def test_resolved_as_sent_the_sequence_goes_on(renewals: Renewals) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, close=True, accepted=True), times=1)
    opportunity_id = await enter(renewals, 90, 60)
    message = await only_message(renewals)
    await renewals.ws.admin.post(f"/v1/messages/{message['id']}/resolve", {"outcome": "sent"})
    await renewals.tenure.settle()
    assert len(await renewals.events("message_sent")) == 1
    assert (await renewals.enrollment(opportunity_id))["next_due_at"] == "2026-04-01T09:00:00Z"


@pytest.mark.usefixtures("impatient")
async def test_a_reply_proves_that_an_unknown_mail_was_sent(renewals: Renewals) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, close=True, accepted=True), times=1)
    await enter(renewals)
    await renewals.replied(renewals.sent()[0], automatic=True)
    message = await only_message(renewals)
    assert message["state"] == "sent"
    assert len(await renewals.events("message_sent")) == 1
    [resolved] = await renewals.events("message_resolved")
    assert resolved["outcome"] == "sent"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(stage=Stage.AUTH, code=535, text="5.7.8 Not accepted"),
        Fault(stage=Stage.MAIL, code=553, text="5.7.1 Sender address not owned"),
        Fault(stage=Stage.DOT, code=550, text="5.7.1 Policy"),
    ],
    ids=["login", "sender", "policy"],
)
async def test_a_mailbox_that_is_refused_pauses_and_its_owner_hears_of_it_once(
    renewals: Renewals, fault: Fault
) -> None:
    rule = renewals.mail.fail(fault)
    await enter(renewals)
    await renewals.opportunity()
    held = await renewals.events("message_held")
    assert [one["reason"] for one in held] == ["mailbox_refused"]
    assert {one["state"] for one in await renewals.messages()} == {"held"}
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    assert mailbox["state"] == "paused"
    assert mailbox["sent_today"] == 0
    suppressed = await renewals.ws.admin.get("/v1/suppressions")
    assert suppressed.json()["data"] == [], "nobody is suppressed for it"

    renewals.mail.rules.remove(rule.id)
    await renewals.ws.admin.post(f"/v1/mailboxes/{mailbox['id']}/resume")
    await renewals.tenure.settle()
    assert (await renewals.ws.audited())[0] == "mailbox.resumed"
    # Two renewals of one contact: its cap lets the second go tomorrow.
    assert len(renewals.sent()) == 1
    await renewals.on(1)
    assert len(renewals.sent()) == 2


async def test_a_wrong_password_is_put_right_by_a_new_one(renewals: Renewals) -> None:
    await enter(renewals)
    await renewals.on(1)
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    path = f"/v1/mailboxes/{mailbox['id']}"
    await renewals.ws.admin.patch(path, {"smtp": {"password": "wrong"}})
    tested = await renewals.ws.admin.post(f"{path}/test")
    assert (tested.json()["ok"], tested.json()["stage"]) == (False, "auth")
    await renewals.on(30)
    assert (await renewals.ws.admin.get(path)).json()["state"] == "paused"
    await renewals.ws.admin.patch(path, {"smtp": {"password": PASSWORD}})
    assert (await renewals.ws.admin.post(f"{path}/test")).json()["ok"] is True
    await renewals.tenure.settle()
    assert len(renewals.sent()) == 2


async def test_content_that_is_refused_is_held_for_a_person(renewals: Renewals) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, code=554, text="5.6.0 Looks like spam"), times=1)
    await enter(renewals)
    message = await only_message(renewals)
    assert (message["state"], message["reason"]) == ("held", "refused")
    assert "Looks like spam" in message["detail"]
    answer = await renewals.ws.admin.post(f"/v1/messages/{message['id']}/retry")
    assert answer.json()["state"] == "scheduled"
    await renewals.tenure.settle()
    assert len(renewals.sent()) == 1
    assert len(await renewals.events("message_resolved")) == 1
    again = await renewals.ws.admin.post(f"/v1/messages/{message['id']}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "message_not_held")
    assert (await renewals.ws.audited())[0] == "message.retried"


async def test_a_held_mail_that_is_given_up_is_resolved(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(
        steps=[step(90, text="{{ contact.title }} {{ unsubscribe_url }}"), step(60)]
    )
    opportunity_id = await renewals.opportunity()
    assert len(await renewals.events("message_held")) == 1
    await renewals.change(opportunity_id, is_closed=True)
    [resolved] = await renewals.events("message_resolved")
    assert resolved["outcome"] == "not_sent"
    assert (await only_message(renewals))["state"] == "cancelled"
