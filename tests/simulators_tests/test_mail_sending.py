"""Handing over a mail, what can go wrong with it, and what the world sends back."""

import asyncio
import base64
import smtplib
from datetime import UTC, datetime

import aiosmtplib
import pytest
from imap_tools import MailBoxUnencrypted

from tests.simulators.mail import (
    HARD_BOUNCE,
    BounceForm,
    Fault,
    MailSimulator,
    Reaction,
    ReactionKind,
    Stage,
)
from tests.simulators_tests.mail_client import (
    ANA,
    MESSAGE_ID,
    PASSWORD,
    client,
    fetched,
    letter,
    read,
    send,
)

# Submission


async def test_an_accepted_mail_is_kept_byte_for_byte(mail: MailSimulator) -> None:
    raw = letter().as_bytes()
    async with client(mail) as smtp:
        _, answer = await smtp.sendmail(ANA, ["jo@cust.example"], raw)
    (kept,) = mail.accepted.all
    assert "queued as 1" in answer
    assert kept.raw == raw
    assert (kept.sender, kept.login, kept.recipients) == (ANA, ANA, ("jo@cust.example",))
    assert kept.message_id == MESSAGE_ID
    assert kept.text is not None
    assert kept.text.splitlines() == ["Hello Jo,", ".dots at the start", "..and two", "Bye"]
    assert (kept.html or "").strip() == "<p>Hello Jo</p>"
    assert mail.count(MESSAGE_ID) == 1


async def test_auth_login_is_understood_and_a_wrong_password_is_not(mail: MailSimulator) -> None:
    def by_login() -> None:
        with smtplib.SMTP("127.0.0.1", mail.smtp_port, timeout=5) as smtp:
            smtp.ehlo()
            smtp.user, smtp.password = ANA, PASSWORD
            assert smtp.auth("LOGIN", smtp.auth_login)[0] == 235

    await asyncio.to_thread(by_login)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refusal:
        await aiosmtplib.send(
            letter(), hostname="127.0.0.1", port=mail.smtp_port, username=ANA,
            password="wrong", start_tls=False,
        )  # fmt: skip
    assert refusal.value.code == 535


async def test_nobody_sends_unknown_or_in_the_name_of_another(mail: MailSimulator) -> None:
    smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=mail.smtp_port, start_tls=False)
    async with smtp:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refusal:
            await smtp.mail(ANA)
        assert refusal.value.code == 530
    async with client(mail) as smtp:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refusal:
            await smtp.mail("boss@acme.example")
        assert refusal.value.code == 553
        assert (await smtp.mail("ana+step3@acme.example")).code == 250


async def test_commands_out_of_order_are_refused_and_the_session_goes_on(
    mail: MailSimulator,
) -> None:
    async with client(mail) as smtp:
        for command, code in [
            (b"RCPT TO:<jo@cust.example>", 503), (b"DATA", 503), (b"WHAT", 500),
            (b"MAIL FROM: nobody", 501), (b"MAIL FROM:<ana@acme.example> SIZE=99999999999", 552),
            (b"MAIL FROM:<ana@acme.example> FOO=1", 555), (b"NOOP", 250),
            (b"MAIL FROM:<ana@acme.example>", 250), (b"MAIL FROM:<ana@acme.example>", 503),
            (b"RCPT TO:<nowhere>", 501), (b"RSET", 250),
        ]:  # fmt: skip
            assert (await smtp.execute_command(command)).code == code, command
        await smtp.send_message(letter())
    assert len(mail.accepted.all) == 1


async def test_a_lone_line_feed_cannot_smuggle_a_second_mail(mail: MailSimulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mail.smtp_port)
    secret = base64.b64encode(f"\0{ANA}\0{PASSWORD}".encode())
    writer.write(
        b"EHLO x\r\nAUTH PLAIN " + secret + b"\r\nMAIL FROM:<ana@acme.example>\r\n"
        b"RCPT TO:<jo@cust.example>\r\nDATA\r\nSubject: a\r\n\r\nx\n.\r\n"
        b"MAIL FROM:<ana@acme.example>\r\n.\r\nQUIT\r\n"
    )
    answers = (await reader.read()).decode()
    writer.close()
    assert answers.count("queued as") == 1
    assert b"MAIL FROM" in mail.accepted.all[0].raw


# Faults of the hand-over


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
async def test_a_connection_closed_before_the_dot_leaves_nothing_accepted(
    mail: MailSimulator, stage: Stage
) -> None:
    mail.fail(Fault(stage=stage, close=True), times=1)
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await send(mail)
    assert mail.accepted.all == []
    await send(mail)
    assert mail.count(MESSAGE_ID) == 1


@pytest.mark.parametrize("hand_overs", [0, 1])
async def test_a_connection_closed_after_the_dot_looks_the_same_whether_accepted_or_not(
    mail: MailSimulator, hand_overs: int
) -> None:
    mail.fail(Fault(stage=Stage.DOT, close=True, accepted=hand_overs == 1), times=1)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mail)
    assert mail.count(MESSAGE_ID) == hand_overs
    assert [kept.answered for kept in mail.accepted.all] == [False] * hand_overs


@pytest.mark.parametrize(
    ("stage", "code", "error"),
    [
        (Stage.CONNECT, 421, aiosmtplib.SMTPConnectError),
        (Stage.AUTH, 535, aiosmtplib.SMTPAuthenticationError),
        (Stage.MAIL, 451, aiosmtplib.SMTPSenderRefused),
        (Stage.RCPT, 550, aiosmtplib.SMTPRecipientsRefused),
        (Stage.RCPT, 450, aiosmtplib.SMTPRecipientsRefused),
        (Stage.DATA, 451, aiosmtplib.SMTPDataError),
        (Stage.DOT, 451, aiosmtplib.SMTPDataError),
        (Stage.DOT, 550, aiosmtplib.SMTPDataError),
    ],
)
async def test_each_stage_can_refuse(
    mail: MailSimulator, stage: Stage, code: int, error: type[Exception]
) -> None:
    mail.fail(Fault(stage=stage, code=code, text="5.1.1 no"))
    with pytest.raises(error):
        await send(mail)
    assert mail.accepted.all == []


async def test_an_unknown_user_is_refused_without_any_rule_of_the_test(
    mail: MailSimulator,
) -> None:
    async with client(mail) as smtp:
        await smtp.mail(ANA)
        with pytest.raises(aiosmtplib.SMTPRecipientRefused, match=r"5\.1\.1 User unknown") as no:
            await smtp.rcpt("jo@unknown.example")
    assert no.value.code == 550


async def test_a_silent_server_is_waited_for_and_may_have_accepted(mail: MailSimulator) -> None:
    mail.fail(Fault(stage=Stage.DOT, delay=30, accepted=True))
    smtp = client(mail, timeout=0.5)
    with pytest.raises((aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPServerDisconnected)):
        async with smtp:
            await smtp.send_message(letter())
    assert mail.count(MESSAGE_ID) == 1


async def test_a_rule_can_skip_matches_and_be_limited_to_some(mail: MailSimulator) -> None:
    mail.fail(Fault(stage=Stage.RCPT, code=450), recipient="*@cust.example", skip=1, times=1)
    await send(mail)
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(mail)
    await send(mail)
    assert len(mail.accepted.all) == 2


# What the world sends back


async def test_a_hard_bounce_is_a_report_that_quotes_the_message_id(mail: MailSimulator) -> None:
    await send(mail, letter("gone@bounce.example"))
    (bounce,) = mail.inbox(ANA)
    report = bounce.message
    assert report.get_content_type() == "multipart/report"
    assert report["Return-Path"] == "<>"
    human, status, original = report.iter_parts()
    assert "gone@bounce.example" in human.get_content()
    assert status.get_content_type() == "message/delivery-status"
    fields = list(status.iter_parts())[1]
    assert (fields["Action"], fields["Status"]) == ("failed", "5.1.1")
    assert fields["Final-Recipient"] == "rfc822; gone@bounce.example"
    assert original.get_content()["Message-ID"] == MESSAGE_ID
    assert mail.accepted.all[0].raw in bounce.raw


async def test_each_form_of_bounce_names_the_original_in_its_own_way(mail: MailSimulator) -> None:
    for form in BounceForm:
        mail.react("*", HARD_BOUNCE.model_copy(update={"form": form}))
        await send(mail, letter("gone@cust.example"))
    bounces = [message.message for message in mail.inbox(ANA)]
    nested, headers, exchange, localized = bounces
    assert nested["In-Reply-To"] == MESSAGE_ID
    assert headers["In-Reply-To"] is None
    assert list(headers.iter_parts())[2].get_content_type() == "text/rfc822-headers"
    assert MESSAGE_ID in list(headers.iter_parts())[2].get_content()
    assert exchange.get_content_type() == "text/plain"
    assert exchange["Auto-Submitted"] is None
    assert "550 5.1.1" in exchange.get_content()
    assert f"Message-ID: {MESSAGE_ID}" in exchange.get_content()
    assert localized["Subject"].startswith("Unzustellbar")


async def test_a_full_mailbox_is_a_soft_bounce_and_a_delay_is_none(mail: MailSimulator) -> None:
    await send(mail, letter("jo@full.example"))
    mail.react("*", Reaction(kind=ReactionKind.BOUNCE, status="4.4.1", action="delayed"))
    await send(mail, letter("slow@cust.example"))
    said = [list(list(box.message.iter_parts())[1].iter_parts())[1] for box in mail.inbox(ANA)]
    assert [(one["Status"], one["Action"]) for one in said] == [
        ("4.2.2", "failed"), ("4.4.1", "delayed"),
    ]  # fmt: skip


async def test_a_reply_threads_and_an_auto_reply_says_so(mail: MailSimulator) -> None:
    await send(mail, letter("jo@reply.example"))
    await send(mail, letter("jo@ooo.example"))
    reply, away = [message.message for message in mail.inbox(ANA)]
    assert reply["In-Reply-To"] == away["In-Reply-To"] == MESSAGE_ID
    assert reply["References"] == MESSAGE_ID
    assert reply["Subject"] == "Re: Your renewal"
    assert reply["From"] == "jo@reply.example"
    assert "> Hello Jo," in reply.get_content()
    assert reply["Auto-Submitted"] is None
    assert away["Auto-Submitted"] == "auto-replied"
    assert away["X-Autoreply"] == "yes"
    assert away["Return-Path"] == "<>"


async def test_a_reaction_can_come_later_and_be_switched_off(mail: MailSimulator) -> None:
    mail.react("*@bounce.example", None)
    await send(mail, letter("gone@bounce.example"))
    mail.react("*@reply.example", Reaction(kind=ReactionKind.REPLY, delay=0.2, text="Later."))
    await send(mail, letter("jo@reply.example"))
    assert mail.inbox(ANA) == []
    (reply,) = await mail.wait_for_inbox(ANA)
    assert "Later." in reply.message.get_content()


async def test_a_complaint_is_a_feedback_report(mail: MailSimulator) -> None:
    mail.react("*", Reaction(kind=ReactionKind.COMPLAINT))
    await send(mail)
    (complaint,) = mail.inbox(ANA)
    assert b'report-type="feedback-report"' in complaint.raw
    assert b"Feedback-Type: abuse" in complaint.raw


async def test_a_provider_files_a_sent_copy_and_a_relay_does_not(mail: MailSimulator) -> None:
    await send(mail)
    mail.add_mailbox(ANA, PASSWORD, keeps_sent=False)
    await send(mail)

    def sent(box: MailBoxUnencrypted) -> list[str]:
        box.folder.set("Sent")
        return box.uids(f'HEADER Message-ID "{MESSAGE_ID}"')

    assert await read(mail, sent) == ["1"]


async def test_mail_between_two_mailboxes_arrives_with_its_trace(mail: MailSimulator) -> None:
    mail.add_mailbox("ben@acme.example", "x", aliases=["team@acme.example"])
    await send(mail, letter("team@acme.example"))
    (arrived,) = mail.inbox("ben@acme.example")
    assert arrived.message["Return-Path"] == f"<{ANA}>"
    assert "for <team@acme.example>" in arrived.message["Received"]


async def test_the_stopped_clock_dates_what_the_world_writes(mail: MailSimulator) -> None:
    mail.clock.set(datetime(2031, 3, 4, 5, 6, tzinfo=UTC), frozen=True)
    await send(mail, letter("jo@reply.example"))
    (reply,) = await fetched(mail)
    assert reply.date == datetime(2031, 3, 4, 5, 6, tzinfo=UTC)
    assert mail.accepted.all[0].world_time.year == 2031
    assert mail.accepted.all[0].received_at.year < 2031
