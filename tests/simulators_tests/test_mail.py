"""Judged through the clients that the product uses: aiosmtplib and imap-tools."""

import asyncio
import base64
import imaplib
import json
import signal
import smtplib
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx2
import pytest
import pytest_asyncio
from imap_tools import MailBoxUnencrypted, MailMessage

from tests.simulators.mail import (
    HARD_BOUNCE,
    BounceForm,
    Fault,
    ImapFault,
    MailSimulator,
    Reaction,
    ReactionKind,
    Stage,
)

ANA, PASSWORD = "ana@acme.example", "open sesame"
MESSAGE_ID = "<renewal.1@acme.example>"


@pytest_asyncio.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailSimulator]:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as simulator:
        yield simulator


def letter(to: str = "jo@cust.example", message_id: str = MESSAGE_ID) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"Ana Müller <{ANA}>"
    message["To"] = to
    message["Subject"] = "Your renewal"
    message["Message-ID"] = message_id
    message.set_content("Hello Jo,\n.dots at the start\n..and two\nBye")
    message.add_alternative("<p>Hello Jo</p>", subtype="html")
    message.set_boundary("=_letter")
    return message


def client(mail: MailSimulator, *, timeout: float = 5) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname="127.0.0.1", port=mail.smtp_port, username=ANA, password=PASSWORD,
        start_tls=False, timeout=timeout,
    )  # fmt: skip


async def send(mail: MailSimulator, message: EmailMessage | None = None) -> str:
    async with client(mail) as smtp:
        _, answer = await smtp.send_message(message or letter())
        return answer


async def read(mail: MailSimulator, look: Callable[[MailBoxUnencrypted], Any]) -> Any:
    def in_thread() -> Any:
        with MailBoxUnencrypted("127.0.0.1", mail.imap_port, timeout=5).login(ANA, PASSWORD) as box:
            return look(box)

    return await asyncio.to_thread(in_thread)


async def fetched(mail: MailSimulator) -> list[MailMessage]:
    found: list[MailMessage] = await read(mail, lambda box: list(box.fetch(mark_seen=False)))
    return found


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


# Survival


async def test_a_simulator_over_the_same_directory_goes_on(tmp_path: Path) -> None:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as mail:
        mail.react("*", Reaction(kind=ReactionKind.REPLY, delay=60))
        await send(mail)
        validity = mail.bump_uid_validity(ANA)
    with (tmp_path / "accepted.jsonl").open("ab") as journal:
        journal.write(b'{"id": 2, "torn')
    answered = (tmp_path / "accepted.jsonl").read_text().replace('"delay":60.0', '"delay":0.0')
    (tmp_path / "accepted.jsonl").write_text(answered)
    async with MailSimulator(tmp_path) as mail:
        assert mail.count(MESSAGE_ID) == 1
        assert len(await mail.wait_for_inbox(ANA)) == 1
        assert mail.store.mailbox(ANA).inbox.uid_validity == validity
        await send(mail)
        assert [kept.id for kept in mail.accepted.all] == [1, 2]


async def test_an_effect_happens_once_however_often_it_starts(tmp_path: Path) -> None:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as mail:
        await send(mail, letter("gone@bounce.example"))
    for _ in range(2):
        async with MailSimulator(tmp_path) as mail:
            assert len(mail.inbox(ANA)) == 1


# Reading


async def test_imap_tools_reads_headers_bodies_and_flags(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.inject(ANA, letter(message_id="<2@acme.example>").as_bytes(), flags=["\\Seen"])
    first, second = await fetched(mail)
    assert (first.uid, second.uid) == ("1", "2")
    assert first.subject == "Your renewal"
    assert first.headers["message-id"] == (MESSAGE_ID,)
    assert "..and two" in first.text
    assert (first.flags, second.flags) == ((), ("\\Seen",))
    assert first.size_rfc822 == len(letter().as_bytes())

    def in_bulk(box: MailBoxUnencrypted) -> list[str]:
        return [one.subject for one in box.fetch(bulk=True, headers_only=True, mark_seen=False)]

    assert await read(mail, in_bulk) == ["Your renewal"] * 2


async def test_searches_find_what_they_say(mail: MailSimulator) -> None:
    for number in range(1, 4):
        mail.clock.set(datetime(2026, 5, number, 12, tzinfo=UTC), frozen=True)
        mail.inject(ANA, letter(message_id=f"<{number}@acme.example>").as_bytes())
    mail.store.set_flags(mail.store.mailbox(ANA), mail.store.mailbox(ANA).inbox, 2, ["\\Seen"])
    expected = {
        "ALL": "1 2 3", "UNSEEN": "1 3", "SEEN": "2", "UID 2:3": "2 3", "UID 9:*": "3",
        "SINCE 2-May-2026": "2 3", "BEFORE 2-May-2026": "1", "ON 2-May-2026": "2",
        "HEADER Message-ID <2@acme.example>": "2", 'SUBJECT "renewal" NOT UID 1': "2 3",
        "OR UID 1 UID 3": "1 3", "(UNSEEN) UID 1:2": "1", "FROM ana SMALLER 9": "", "1:2": "1 2",
        'TEXT "BYE"': "1 2 3", "KEYWORD x": "", "MODSEQ 5": "2",
    }  # fmt: skip

    def searched(box: MailBoxUnencrypted) -> dict[str, str]:
        return {criteria: " ".join(box.uids(criteria)) for criteria in expected}

    assert await read(mail, searched) == expected


async def test_the_last_message_answers_to_every_open_range(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())

    def open_range(box: MailBoxUnencrypted) -> list[Any]:
        return box.client.uid("FETCH", "100:*", "(UID FLAGS)")[1]

    assert await read(mail, open_range) == [b"1 (UID 1 FLAGS ())"]


async def test_plain_imaplib_reads_sections_dates_and_status(mail: MailSimulator) -> None:
    mail.clock.set(datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), frozen=True)
    mail.inject(ANA, letter().as_bytes())

    def look() -> None:
        imap = imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=5)
        imap.authenticate("PLAIN", lambda _: f"\0{ANA}\0{PASSWORD}".encode())
        assert imap.select("INBOX", readonly=True) == ("OK", [b"1"])
        assert imap.response("UIDVALIDITY")[1] == [b"3857529045"]
        assert imap.response("UIDNEXT")[1] == [b"2"]
        assert imap.response("HIGHESTMODSEQ")[1] == [b"2"]
        _, found = imap.uid(
            "FETCH", "1", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject)])"
        )
        assert b'INTERNALDATE " 6-May-2026 07:08:09 +0000"' in found[0][0]
        assert found[0][1] == b"Subject: Your renewal\r\n\r\n"
        _, (part, *_) = imap.fetch("1", "(BODY.PEEK[]<0.4>)")
        assert isinstance(part, tuple)
        assert part[1] == letter().as_bytes()[:4]
        assert imap.uid("STORE", "1", "+FLAGS", "(\\Seen)")[0] == "NO"
        _, folders = imap.list()
        assert b'(\\HasNoChildren \\Sent) "/" "Sent"' in folders
        assert imap.status("INBOX", "(MESSAGES UNSEEN UIDNEXT)")[1] == [
            b'"INBOX" (MESSAGES 1 UNSEEN 1 UIDNEXT 2)'
        ]
        with pytest.raises(imaplib.IMAP4.error):
            imap.fetch("1", "(BODYSTRUCTURE)")
        imap.logout()

    await asyncio.to_thread(look)


async def test_reading_with_peek_leaves_a_message_unseen_and_without_marks_it(
    mail: MailSimulator,
) -> None:
    mail.inject(ANA, letter().as_bytes())
    await fetched(mail)
    assert mail.inbox(ANA)[0].flags == set()
    await read(mail, lambda box: list(box.fetch()))
    assert mail.inbox(ANA)[0].flags == {"\\Seen"}


async def test_messages_are_appended_flagged_moved_and_deleted(mail: MailSimulator) -> None:
    def work(box: MailBoxUnencrypted) -> None:
        at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert b"APPENDUID" in box.append(letter().as_bytes(), dt=at)[1][0]
        box.append(letter().as_bytes(), flag_set=["\\Flagged"])
        box.flag("1", "\\Seen", value=True)
        box.move("1", "Trash")
        box.delete("2")
        assert box.uids() == []
        box.folder.create("Done")
        box.folder.set("Trash")
        assert box.uids("SEEN") == ["1"]

    await read(mail, work)
    (moved,) = mail.store.mailbox(ANA).folder("Trash").messages.values()
    assert moved.raw == letter().as_bytes()
    assert moved.internal_date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_idle_tells_of_a_new_message_at_once(mail: MailSimulator) -> None:
    loop = asyncio.get_running_loop()

    def wait(box: MailBoxUnencrypted) -> list[bytes]:
        with box.idle as idle:
            loop.call_soon_threadsafe(mail.inject, ANA, letter().as_bytes())
            news: list[bytes] = idle.poll(timeout=5)
        assert box.uids() == ["1"]
        return news

    assert b"* 1 EXISTS" in await read(mail, wait)


async def test_a_restored_folder_voids_every_uid_and_ends_its_sessions(
    mail: MailSimulator,
) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.store.expunge(mail.store.mailbox(ANA), mail.store.mailbox(ANA).inbox, 1)
    mail.inject(ANA, letter().as_bytes())
    loop = asyncio.get_running_loop()

    def look() -> None:
        box = MailBoxUnencrypted("127.0.0.1", mail.imap_port, timeout=5).login(ANA, PASSWORD)
        before = box.folder.status("INBOX")
        asyncio.run_coroutine_threadsafe(bump(), loop).result(5)
        with pytest.raises(imaplib.IMAP4.abort):
            box.uids()
        box.client.shutdown()
        with MailBoxUnencrypted("127.0.0.1", mail.imap_port).login(ANA, PASSWORD) as again:
            after = again.folder.status("INBOX")
            assert after["UIDVALIDITY"] > before["UIDVALIDITY"]
            assert again.uids() == ["1"]

    async def bump() -> None:
        mail.bump_uid_validity(ANA)

    await asyncio.to_thread(look)


async def test_only_what_changed_since_is_fetched(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())
    since = mail.store.mailbox(ANA).inbox.highest_modseq
    mail.inject(ANA, letter().as_bytes())

    def changed(box: MailBoxUnencrypted) -> list[Any]:
        return box.client.uid("FETCH", "1:*", "(FLAGS)", f"(CHANGEDSINCE {since})")[1]

    assert await read(mail, changed) == [b"2 (UID 2 FLAGS ())"]


async def test_a_wrong_password_and_a_missing_folder_are_refused(mail: MailSimulator) -> None:
    def look() -> None:
        imap = imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=5)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.login(ANA, "wrong")
        imap.login(ANA, PASSWORD)
        assert imap.select("Nowhere")[0] == "NO"
        imap.shutdown()

    await asyncio.to_thread(look)


@pytest.mark.parametrize(
    "fault",
    [
        ImapFault(command="UID FETCH", close=True),
        ImapFault(command="UID FETCH", close=True, after_bytes=90),
        ImapFault(command="LOGIN", refuse="[UNAVAILABLE] Try later"),
        ImapFault(command="SELECT", delay=0.05, refuse="[INUSE] Locked"),
    ],
)
async def test_reading_can_break_too(mail: MailSimulator, fault: ImapFault) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.fail_imap(fault, times=1)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each break has another class in imap-tools
        await fetched(mail)
    assert len(await fetched(mail)) == 1


# Control


async def test_everything_can_be_seen_and_set_over_http(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        assert (await http.get("/")).json() == mail.addresses()
        box = {"address": "Ben@acme.example", "password": "pw", "aliases": ["team@acme.example"]}
        assert (await http.put("/mailboxes", json=box)).json()["address"] == "ben@acme.example"
        rule = {"recipient": "*@cust.example", "reaction": {"kind": "bounce", "status": "5.2.1"}}
        added = await http.post("/rules", json=rule)
        assert added.status_code == 201
        await send(mail)
        (kept,) = (await http.get("/accepted", params={"message_id": MESSAGE_ID})).json()
        assert kept["recipient"] == "jo@cust.example"
        assert base64.b64decode(kept["raw_base64"]) == mail.accepted.all[0].raw
        assert ["Subject", "Your renewal"] in kept["headers"]
        count = await http.get("/accepted/count", params={"message_id": MESSAGE_ID})
        assert count.json() == {"count": 1}
        (bounce,) = (await http.get(f"/mailboxes/{ANA}/messages")).json()
        assert b"Status: 5.2.1" in base64.b64decode(bounce["raw_base64"])
        assert (await http.delete(f"/rules/{added.json()['id']}")).status_code == 204
        raw = base64.b64encode(letter().as_bytes()).decode()
        posted = await http.post("/mailboxes/team@acme.example/messages", json={"raw_base64": raw})
        assert posted.json()["uid"] == 1
        clock = {"now": "2031-03-04T05:06:07Z", "frozen": True}
        state = (await http.put("/clock", json=clock)).json()
        assert (state["now"], state["frozen"]) == ("2031-03-04T05:06:07+00:00", True)
        assert mail.clock.now().isoformat() == state["now"]
        validity = await http.post(f"/mailboxes/{ANA}/uid-validity", json={})
        assert validity.json() == {"uid_validity": 3857529046}
        assert (await http.delete("/accepted")).status_code == 204
        assert mail.accepted.all == []
        said = (await http.get("/transcript", params={"protocol": "smtp"})).text
        assert "RCPT TO:<jo@cust.example>" in said
        assert base64.b64encode(PASSWORD.encode()).decode() not in said
        assert PASSWORD not in said


async def test_each_server_can_be_down_while_the_control_stays(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        for protocol, work in (("smtp", send), ("imap", fetched)):
            assert (await http.post(f"/servers/{protocol}/down")).status_code == 204
            with pytest.raises((aiosmtplib.SMTPConnectError, ConnectionRefusedError)):
                await work(mail)
            assert (await http.post(f"/servers/{protocol}/up")).status_code == 204
            await work(mail)
        assert (await http.post("/servers/pop3/down")).status_code == 422


async def test_stopping_ends_idle_readers_and_held_back_answers(tmp_path: Path) -> None:
    mail = MailSimulator(tmp_path, mailboxes={ANA: PASSWORD})
    await mail.start()
    mail.fail(Fault(stage=Stage.DOT, delay=60))
    sending = asyncio.create_task(send(mail))
    idling = asyncio.create_task(read(mail, lambda box: box.idle.wait(timeout=30)))
    async with asyncio.timeout(5):
        while "IDLE" not in [line.text for line in mail.transcript.lines("imap")] or not [
            line for line in mail.transcript.lines("smtp") if line.text.startswith("354")
        ]:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(2):
        await mail.stop()
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
        await sending
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        await idling


async def test_impossible_wishes_are_refused_over_http(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        for rule in (
            {"fault": {"stage": "rcpt", "close": True, "code": 550}},
            {"fault": {"stage": "rcpt", "code": 550, "accepted": True}},
            {"recipient": "jo@cust.example", "fault": {"stage": "connect", "close": True}},
            {"fault": {"stage": "dot", "close": True}, "reaction": {"kind": "reply"}},
            {"unknown": 1},
        ):
            assert (await http.post("/rules", json=rule)).status_code == 422, rule
        assert (await http.get("/mailboxes/nobody@acme.example/messages")).status_code == 404
        assert (await http.delete("/rules/999")).status_code == 404
        clock = await http.put("/clock", json={"now": "2026-05-06T07:08:09"})
        assert clock.status_code == 422


async def test_a_kill_after_the_acceptance_loses_nothing(tmp_path: Path) -> None:
    """A process of its own is killed while the answer to the dot is held back."""
    command = [
        sys.executable, "-m", "tests.simulators.mail", "--state", str(tmp_path),
        "--mailbox", f"{ANA}:{PASSWORD}",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        async with httpx2.AsyncClient(base_url=addresses["control_url"]) as http:
            fault = {"stage": "dot", "delay": 60, "accepted": True}
            await http.post("/rules", json={"fault": fault})
            smtp = aiosmtplib.SMTP(
                hostname=addresses["smtp_host"], port=addresses["smtp_port"],
                username=ANA, password=PASSWORD, start_tls=False,
            )  # fmt: skip
            async with smtp:
                sending = asyncio.create_task(smtp.send_message(letter("gone@bounce.example")))
                while (await http.get("/accepted/count")).json()["count"] == 0:
                    await asyncio.sleep(0.01)
                process.send_signal(signal.SIGKILL)
                with pytest.raises(aiosmtplib.SMTPServerDisconnected):
                    await sending
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    async with MailSimulator(tmp_path) as mail:
        assert mail.count(MESSAGE_ID) == 1
        assert len(mail.inbox(ANA)) == 1
