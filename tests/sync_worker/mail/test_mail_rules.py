"""What a mail is, judged by its bytes alone."""

from email import policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.message_ids import own_message_id
from sync_worker.mail.classification.classify import Finding, classified, concerns_us
from sync_worker.mail.classification.message import Mail

WS = UUID("0198c0de-0000-7000-8000-000000000001")
OURS = own_message_id(WS, UUID(int=7), "acme.example")
THEIRS = "<reply.1@cust.example>"


def found(raw: str | bytes) -> Finding:
    octets = raw.encode() if isinstance(raw, str) else raw
    return classified(WS, Mail.parse(octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))


def report(fields: str, *, original: str = f"Message-ID: {OURS}\nTo: gone@cust.example\n") -> str:
    return f"""From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Return-Path: <>
Auto-Submitted: auto-replied
In-Reply-To: {OURS}
Subject: Delivery Status Notification (Failure)
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Address not found
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Wed, 01 May 2024 04:00:00 -0700 (PDT)

{fields}
--b
Content-Type: message/rfc822

{original}
Hello
--b--
"""


FAILED = "Final-Recipient: rfc822; gone@cust.example\nAction: failed\nStatus: {}\n"


def test_a_report_tells_whom_and_which_mail_it_is_about() -> None:
    finding = found(report(FAILED.format("5.1.1")))
    assert finding.kind == "bounce"
    assert finding.report is not None
    assert (finding.report.kind, finding.report.status) == ("hard", "5.1.1")
    assert finding.report.recipient == "gone@cust.example"
    assert finding.quoted == (OURS,)


def test_the_recipient_that_was_written_to_counts_not_where_it_was_forwarded() -> None:
    fields = "Original-Recipient: rfc822; jo@cust.example\n" + FAILED.format("5.1.1")
    finding = found(report(fields))
    assert finding.report is not None
    assert finding.report.recipient == "jo@cust.example"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_a_failure_is_no_bounce(action: str) -> None:
    fields = FAILED.format("4.4.1").replace("failed", action)
    assert found(report(fields)).kind == "other"


def test_of_several_recipients_the_one_that_failed_counts() -> None:
    fields = (
        "Final-Recipient: rfc822; ok@cust.example\nAction: delivered\nStatus: 2.0.0\n\n"
        + FAILED.format("5.1.1")
    )
    finding = found(report(fields))
    assert finding.report is not None
    assert (finding.kind, finding.report.recipient) == ("bounce", "gone@cust.example")


def test_a_report_that_quotes_only_headers_is_read() -> None:
    raw = report(FAILED.format("5.1.1")).replace("message/rfc822", "text/rfc822-headers")
    assert found(raw).quoted == (OURS,)


def test_a_status_part_that_wraps_its_fields_in_text_is_read() -> None:
    fields = "Content-Type: text/plain\n\n" + FAILED.format("5.1.1")
    finding = found(report(fields))
    assert finding.report is not None
    assert (finding.kind, finding.report.status) == ("bounce", "5.1.1")


def test_a_report_in_prose_is_read_when_its_sender_says_it_is_one() -> None:
    finding = found(
        f"""From: Microsoft Outlook <postmaster@cust.example>
To: ana@acme.example
Return-Path: <>
Subject: Undeliverable: Your renewal
X-MS-Exchange-Message-Is-Ndr:

Delivery has failed to these recipients or groups:

gone@cust.example
The email address you entered couldn't be found.

Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipientNotFound; Recipient not found'

Original message headers:

From: ana@acme.example
Message-ID:
 {OURS}
"""
    )
    assert finding.report is not None
    assert (finding.kind, finding.report.kind) == ("bounce", "hard")
    assert finding.report.recipient == "gone@cust.example"
    assert finding.quoted == (OURS,)


def test_a_person_who_writes_about_a_bounce_is_a_person() -> None:
    finding = found(
        f"From: jo@cust.example\nSubject: Re: Undeliverable: Your renewal\n"
        f"In-Reply-To: {OURS}\n\nI got 550 5.1.1 user unknown when I tried.\n"
    )
    assert (finding.kind, finding.quoted) == ("reply", (OURS,))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "X-Autoreply: yes",
        "X-Autorespond: 1",
        "Precedence: auto_reply",
        "Return-Path: <>",
    ],
)
def test_a_machines_answer_is_not_a_reply(header: str) -> None:
    raw = f"From: jo@cust.example\nIn-Reply-To: {OURS}\nSubject: Re: x\n{header}\n\nAway.\n"
    assert found(raw).kind == "auto_reply"


def test_words_say_out_of_office_where_no_header_does() -> None:
    raw = f"From: jo@cust.example\nIn-Reply-To: {OURS}\nSubject: Out of Office: Renewal\n\nAway.\n"
    assert found(raw).kind == "auto_reply"


@pytest.mark.parametrize(
    "header", ["X-Auto-Response-Suppress: All", "Auto-Submitted: no", "X-Autoreply: no"]
)
def test_what_peoples_clients_send_too_does_not_make_a_machine(header: str) -> None:
    raw = f"From: jo@cust.example\nIn-Reply-To: {OURS}\nSubject: Re: x\n{header}\n\nYes!\n"
    assert found(raw).kind == "reply"


def test_a_reply_names_what_it_answers_nearest_first() -> None:
    raw = (
        f"From: jo@cust.example\nSubject: AW: Renewal\nReferences: <first@x> <second@x>\n {OURS}\n"
        f"In-Reply-To: {OURS}\n\nYes.\n"
    )
    assert found(raw).quoted == (OURS, "<second@x>", "<first@x>")


@pytest.mark.parametrize("header", ["Precedence: bulk", "Precedence: list", "List-Id: <l.x>"])
def test_mail_to_many_is_no_reply_unless_it_answers_ours(header: str) -> None:
    raw = "From: news@cust.example\nSubject: Re: all\nIn-Reply-To: {}\n" + header + "\n\nHi.\n"
    assert found(raw.format("<theirs@cust.example>")).kind == "other"
    assert found(raw.format(OURS)).kind == "reply"


def test_complaints_are_left_alone() -> None:
    complaint = report(FAILED.format("5.1.1")).replace("delivery-status", "feedback-report")
    assert found(complaint).kind == "other"


def test_private_threads_concern_nobody() -> None:
    private = Mail.parse(b"From: mum@home.example\r\nIn-Reply-To: <x@y>\r\n\r\nDinner?")
    answer = Mail.parse(f"From: boss@cust.example\r\nIn-Reply-To: {OURS}\r\n\r\nOk".encode())
    stranger = Mail.parse(b"From: mum@home.example\r\n\r\nDinner?")
    contact = Mail.parse(b"From: jo@cust.example\r\nSubject: hi\r\n\r\nOk")
    known = {"jo@cust.example"}
    own = Mail.parse(f"From: Ana@acme.example\r\nIn-Reply-To: {OURS}\r\n\r\nOk".encode())
    for mail, is_history, expected in (
        (own, False, False),
        (private, False, False),
        (stranger, False, False),
        (answer, False, True),
        (answer, True, True),
        (contact, False, True),
        (contact, True, False),
    ):
        told = concerns_us(
            WS,
            mail,
            classified(WS, mail),
            known,
            mailbox="ana@acme.example",
            is_history=is_history,
        )
        assert told is expected


def test_two_copies_of_a_mail_have_one_fingerprint() -> None:
    message = EmailMessage(policy=policy.SMTP)
    message["Message-ID"] = THEIRS
    message.set_content("Yes.")
    raw = message.as_bytes()
    traced = b"Received: from x by y\r\nDelivered-To: team@acme.example\r\n" + raw
    assert Mail.parse(raw).fingerprint == Mail.parse(traced).fingerprint
    other = raw.replace(b"Yes.", b"No.")
    assert Mail.parse(raw).fingerprint != Mail.parse(other).fingerprint
    unnamed = [Mail.parse(b"From: %s@cust.example\r\n\r\nYes." % name) for name in (b"jo", b"al")]
    assert unnamed[0].fingerprint != unnamed[1].fingerprint


@given(st.binary(max_size=2_000))
def test_no_mail_is_too_strange_to_be_read(noise: bytes) -> None:
    classified(WS, Mail.parse(noise))


@given(
    st.dictionaries(
        st.sampled_from(
            ["From", "Subject", "Message-ID", "References", "Content-Type", "Auto-Submitted"]
        ),
        st.binary(max_size=80).map(lambda b: b.replace(b"\n", b" ").replace(b"\r", b" ")),
    ),
    st.binary(max_size=300),
)
def test_no_header_is_too_strange_to_be_read(headers: dict[str, bytes], body: bytes) -> None:
    raw = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers.items())
    mail = Mail.parse(raw + b"\r\n" + body)
    classified(WS, mail)
    for text in (mail.subject, mail.sender, *mail.answers):
        assert "\x00" not in text
        text.encode()


BROKEN = [
    *(
        f"{name}: {value}\r\n\r\nhi".encode("latin-1")
        for name in ("From", "Subject", "Message-ID", "In-Reply-To", "Auto-Submitted")
        for value in ("=?utf-8?b?A?= <ann@cust.example>", "(" * 5000)
    ),
    *(
        b"From: mailer-daemon@x.example\r\nSubject: Undelivered\r\nReturn-Path: <>\r\n"
        b"Content-Type: text/plain; " + charset + b"\r\n\r\n\xff"
        for charset in (b'charset="utf-8\0"', b"charset*=utf-8''%ff", b"charset=idna")
    ),
    b"From: mailer-daemon@x.example\r\nSubject: Undelivered\r\n\r\n" + b"a@" * 100_000,
    b"From: a@x.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3000 + b"hi",
    b"From: " + b"a," * 400_000 + b"\r\n\r\nhi",
    b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\nhi",
    b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    b"Final-Recipient: rfc822; " + b"a@b.example " * 80_000 + b"\r\nAction: failed\r\n--b--",
]


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_codings_and_bottomless_nesting_are_read_for_what_they_give(raw: bytes) -> None:
    """One that raised would keep every later mail of its mailbox from being read."""
    mail = Mail.parse(raw)
    assert classified(WS, mail).kind in {"bounce", "auto_reply", "reply", "personal", "other"}
    for text in (mail.sender, mail.subject, mail.message_id or "", mail.fingerprint.hex()):
        assert "\0" not in text


def test_a_name_that_cannot_be_decoded_does_not_hide_the_address() -> None:
    raw = b"From: =?utf-8?b?A?= <ann@cust.example>\r\nMessage-ID: <1@cust.example>\r\n\r\nhi"
    assert Mail.parse(raw).sender == "ann@cust.example"
