"""The hand-over: what leaves and when, and what a person may do about it."""

from email import message_from_string, policy

import pytest

from tests.sequencer.mail.sending.making import enter, only_message
from tests.sequencer.renewals import CSM_MAILBOX, Renewals, day, step


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
