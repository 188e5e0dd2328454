"""The hand-over: what each answer of the mail server, and each silence, does to the ledger."""

from email import message_from_string, policy
from typing import Any

import pytest

from sequencer.mail.sending.rules import meaning_of
from sequencer.settings import SequencerSettings
from tests.sequencer.renewals import CSM_MAILBOX, PASSWORD, Renewals, day, step
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


@pytest.mark.parametrize(
    ("stage", "code", "text", "meaning"),
    [
        ("rcpt", 550, "5.1.1 No such user", "bad_recipient"),
        ("rcpt", 550, "No such user here", "bad_recipient"),
        ("rcpt", 550, "5.1.0 Address rejected", "bad_recipient"),
        ("dot", 550, "5.5.0 mailbox unavailable", "bad_recipient"),
        ("rcpt", 550, "Blocked by a list, see https://bl.example/5.1.1.7", "content"),
        ("rcpt", 550, "", "content"),
        ("rcpt", 550, "5.1.8 Sender address rejected: domain not found", "content"),
        (
            "rcpt",
            553,
            "Sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "mailbox",
        ),
        ("rcpt", 550, "5.7.1 relaying denied", "mailbox"),
        ("rcpt", 550, "5.7.26 This mail is unauthenticated, see DMARC", "mailbox"),
        ("rcpt", 554, "5.7.1 Client host blocked using zen.spamhaus.example", "mailbox"),
        ("rcpt", 530, "5.7.0 Authentication required", "mailbox"),
        ("rcpt", 550, "5.7.1 Recipient not allowed to receive external mail", "content"),
        ("rcpt", 550, "5.7.133 sender not authenticated for group", "content"),
        ("dot", 550, "5.7.1 Only members may post to this list", "content"),
        ("dot", 554, "5.6.0 malformed", "content"),
        ("rcpt", 552, "Mailbox full", "later"),
        ("rcpt", 450, "5.1.1 No such user", "later"),
        ("dot", 550, "4.7.0 try later", "later"),
        ("mail", 550, "5.1.1 No such user", "mailbox"),
        ("connect", 554, "No such user", "mailbox"),
    ],
)
def test_a_refusal_is_judged_as_a_report_would_be(
    stage: str, code: int, text: str, meaning: str
) -> None:
    assert meaning_of(stage, code, text) == meaning


async def only_message(renewals: Renewals) -> dict[str, Any]:
    [message] = await renewals.messages()
    return message


async def enter(renewals: Renewals, *days_before: int, **fields: Any) -> Any:
    await renewals.furnish()
    await renewals.sequence(*days_before or (90, 60), **fields)
    return await renewals.opportunity()


async def test_the_mail_carries_what_a_mail_program_needs(renewals: Renewals) -> None:
    html = "<p>Hi {{ contact.first_name }} <a href='{{ unsubscribe_url }}'>No more</a></p>"
    await renewals.furnish()
    await renewals.sequence(steps=[step(90, html=html)], reply_to="renewals@northwind.example")
    await renewals.opportunity()
    [mail] = renewals.sent()
    message = await only_message(renewals)
    assert mail.header("From") == f"Dana Reyes <{CSM_MAILBOX}>"
    assert mail.header("To") == "Ann Lee <ann@acme.example>"
    assert mail.header("Reply-To") == "renewals@northwind.example"
    assert mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    plain = b"List-Unsubscribe: <https://tenure.example/v1/unsubscribe/"
    assert plain in mail.raw, "as it stands: who reads it decodes nothing"
    assert mail.header("Auto-Submitted") is None, "it is a person's mail"
    assert mail.message_id == message["internet_message_id"]
    workspace = renewals.ws.id.hex
    assert mail.message_id.startswith(f"<{workspace}.")
    assert mail.message_id.endswith("@northwind.example>")
    assert "Hi Ann" in (mail.html or "")
    assert mail.header("Date") == "Mon, 02 Mar 2026 09:00:00 +0000"


async def test_the_ledger_keeps_the_mail_byte_for_byte(renewals: Renewals) -> None:
    await enter(renewals)
    message = await only_message(renewals)
    answer = await renewals.ws.observer.get(f"/v1/messages/{message['id']}")
    [mail] = renewals.sent()
    assert answer.json()["raw"].encode() == mail.raw.rstrip(b"\r\n") + b"\r\n"
    parsed = message_from_string(answer.json()["raw"], policy=policy.default)
    assert parsed["Subject"] == "Acme: 90 days"


async def test_lines_that_begin_with_a_dot_arrive_as_they_are(renewals: Renewals) -> None:
    await renewals.furnish()
    text = ".\n..two\n.hidden {{ unsubscribe_url }}\n"
    await renewals.sequence(steps=[step(90, text=text)])
    await renewals.opportunity()
    [mail] = renewals.sent()
    lines = (mail.text or "").split("\r\n")
    assert lines[:2] == [".", "..two"]
    assert lines[2].startswith(".hidden https://")


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


async def test_a_missing_value_holds_the_mail_and_says_which(renewals: Renewals) -> None:
    text = "{{ contact.title }} {{ unsubscribe_url }}"
    contact_id = await renewals.furnish()
    await renewals.sequence(steps=[step(90, text=text)])
    await renewals.opportunity()
    [held] = await renewals.events("message_held")
    assert held["reason"] == "cannot_render"
    assert "contact.title" in held["detail"]
    await renewals.told(renewals.contact_event(contact_id, phone="1"))
    assert len(await renewals.events("message_held")) == 1, "told once"
    await renewals.told(renewals.contact_event(contact_id, title="Head of Hiring"))
    assert "Head of Hiring" in (renewals.sent()[0].text or "")
    [resolved] = await renewals.events("message_resolved")
    assert resolved["outcome"] == "sent"


async def test_without_a_mailbox_the_mail_waits_for_one(renewals: Renewals) -> None:
    await renewals.furnish()
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    assert (await renewals.ws.admin.delete(f"/v1/mailboxes/{mailbox['id']}")).status_code == 204
    await renewals.sequence()
    await renewals.opportunity()
    [held] = await renewals.events("message_held")
    assert held["reason"] == "no_mailbox"
    await renewals.mailbox()
    await renewals.tenure.settle()
    assert len(renewals.sent()) == 1


async def test_outside_the_window_nothing_leaves(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.told(renewals.account_event(time_zone="America/Los_Angeles"))
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    assert renewals.sent() == []
    enrollment = await renewals.enrollment(opportunity_id)
    assert enrollment["next_due_at"] == "2026-03-02T17:00:00Z", "nine in the morning there"
    await renewals.on(7.9 / 24)
    assert renewals.sent() == []
    await renewals.on(8.1 / 24)
    assert len(renewals.sent()) == 1


async def test_a_mailbox_sends_no_more_than_its_cap_a_day(renewals: Renewals) -> None:
    await renewals.furnish()
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    await renewals.ws.admin.patch(f"/v1/mailboxes/{mailbox['id']}", {"daily_cap": 1})
    await renewals.sequence(90, caps={"contact_per_day": 10})
    for _ in range(3):
        await renewals.opportunity()
    assert len(renewals.sent()) == 1
    for later, mails in ((1, 2), (2, 3)):
        await renewals.on(later)
        assert len(renewals.sent()) == mails


async def test_nothing_is_sent_on_the_expiration_day_of_the_customer(renewals: Renewals) -> None:
    """Auckland is 13 hours ahead: there the day is over while the workspace still works."""
    await renewals.furnish()
    await renewals.told(renewals.account_event(time_zone="Pacific/Auckland"))
    everyday = {"start": "00:00", "end": "24:00", "weekdays": [1, 2, 3, 4, 5, 6, 7]}
    await renewals.sequence(1, send_window=everyday, entry={"late_grace_days": 365})
    opportunity_id = await renewals.opportunity(contract_expiration=day(2))
    await renewals.ws.admin.post(
        f"/v1/enrollments/{(await renewals.enrollment(opportunity_id))['id']}/pause", {}
    )
    await renewals.on(1 + 3 / 24)  # 4 March, 01:00 in Auckland
    ended = await renewals.enrollment(opportunity_id)
    assert ended["exit_reason"] == "contract_expired"
    assert renewals.sent() == []


async def test_after_a_jump_of_the_clock_one_mail_goes_and_no_burst(renewals: Renewals) -> None:
    await enter(renewals, 90, 60, 30, 14, 7)
    await renewals.on(80)
    assert [mail.subject for mail in renewals.sent()] == ["Acme: 90 days", "Acme: 14 days"]
    skipped = await renewals.messages(state="skipped")
    assert [one["step_title"] for one in skipped] == ["60 days before", "30 days before"]
    assert {one["reason"] for one in skipped} == {"later_step_due"}


async def test_pausing_and_resuming_by_hand(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, 90, 60, 30)
    enrollment = await renewals.enrollment(opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}"
    paused = await renewals.ws.team_member.post(f"{path}/pause", {"note": "On holiday."})
    assert (paused.json()["state"], paused.json()["pause_reason"]) == ("paused", "manual")
    assert paused.json()["in_flight_message_id"] is None
    await renewals.on(35)
    assert len(renewals.sent()) == 1
    assert (await renewals.ws.observer.post(f"{path}/resume")).status_code == 403
    resumed = await renewals.ws.team_member.post(f"{path}/resume")
    assert resumed.json()["state"] == "active"
    await renewals.tenure.settle()
    assert [mail.subject for mail in renewals.sent()] == ["Acme: 90 days", "Acme: 60 days"]
    again = await renewals.ws.team_member.post(f"{path}/resume")
    assert (again.status_code, again.json()["code"]) == (409, "enrollment_not_paused")


async def test_a_step_can_be_skipped_by_hand(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, 90, 60, 30)
    enrollment = await renewals.enrollment(opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}/skip"
    skipped = await renewals.ws.team_member.post(path, {})
    assert skipped.json()["next_due_at"] == "2026-05-01T09:00:00Z"
    first = next(one for one in await renewals.messages() if one["state"] == "sent")
    done = await renewals.ws.team_member.post(path, {"step_id": first["step_id"]})
    assert (done.status_code, done.json()["code"]) == (409, "step_handled")


async def test_taken_out_by_hand_it_stays_out(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, 90, 60)
    enrollment = await renewals.enrollment(opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}"
    await renewals.ws.team_member.post(f"{path}/exit", {"note": "They called."})
    await renewals.change(opportunity_id, stage="Negotiation")
    await renewals.on(40)
    assert len(renewals.sent()) == 1
    assert len(await renewals.enrollments()) == 1
    for command in ("pause", "exit", "resume"):
        answer = await renewals.ws.team_member.post(f"{path}/{command}", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "enrollment_exited")


@pytest.mark.parametrize("is_old", [False, True])
async def test_letters_beyond_ascii_need_a_server_that_takes_them(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch, *, is_old: bool
) -> None:
    monkeypatch.setattr(renewals.mail.postmaster, "is_old", is_old)
    contact_id = await renewals.furnish()
    await renewals.told(renewals.contact_event(contact_id, email="jörg@müller.example"))
    await renewals.sequence(90, reply_to="info@müller.example")
    await renewals.opportunity()
    message = await only_message(renewals)
    if is_old:
        assert renewals.sent() == []
        assert (message["state"], message["reason"]) == ("held", "refused")
        assert "no address with letters beyond ASCII" in message["detail"]
        return
    [mail] = renewals.sent()
    assert message["state"] == "sent"
    assert mail.recipients == ("jörg@xn--mller-kva.example",)
    assert "jörg@xn--mller-kva.example" in mail.raw.decode()
    assert mail.header("Reply-To") == "info@xn--mller-kva.example"


async def test_a_domain_beyond_ascii_needs_nothing_of_the_server(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals.mail.postmaster, "is_old", True)
    contact_id = await renewals.furnish()
    await renewals.told(renewals.contact_event(contact_id, email="Info@Müller.example"))
    await renewals.sequence(90)
    await renewals.opportunity()
    [mail] = renewals.sent()
    assert mail.recipients == ("info@xn--mller-kva.example",)
    assert mail.raw.isascii()
