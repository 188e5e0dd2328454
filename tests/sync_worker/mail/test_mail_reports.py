"""Reports of mail systems in the forms that are met, each with what it says of our mail."""

import base64
import quopri
from textwrap import dedent
from uuid import UUID

import pytest

from shared.mail.message_ids import own_message_id
from sync_worker.mail.classification.classify import Finding, classified
from sync_worker.mail.classification.message import Mail

WS = UUID("0198c0de-0000-7000-8000-000000000001")
OURS = own_message_id(WS, UUID(int=7), "acme.example")
GONE = "gone@cust.example"
QUOTED = f"""\
Received: from out.acme.example (out.acme.example [192.0.2.9])
\tby relay.acme.example (Postfix) with ESMTPS id 5Kq2
\tfor <{GONE}>; Mon, 02 Mar 2026 09:00:00 +0000
From: Ana <ana@acme.example>
To: Jo <{GONE}>
Subject: Your plan
Message-ID: {OURS}
MIME-Version: 1.0
"""
BLOCK = "Final-Recipient: rfc822; {}\nAction: {}\nStatus: {}\n"
FAILED = BLOCK.format(GONE, "failed", "5.1.1")


def found(raw: str) -> Finding:
    return classified(WS, Mail.parse(raw.encode().replace(b"\n", b"\r\n")))


def verdict(raw: str) -> str:
    finding = found(raw)
    if finding.kind != "bounce":
        return finding.kind
    assert finding.report is not None
    return finding.report.kind


def report(
    status_part: str,
    *,
    head: str = "Return-Path: <>\nFrom: MAILER-DAEMON@relay.acme.example (Mail Delivery System)",
    kind: str = "message/delivery-status",
    encoding: str = "7bit",
    quoting: str = "message/rfc822",
    quoted: str = QUOTED,
    said: str = "Your message could not be delivered.",
) -> str:
    return (
        f"{head}\nTo: ana@acme.example\nSubject: Undelivered Mail Returned to Sender\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{said}\n"
        f"--b\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"
        f"Reporting-MTA: dns; relay.acme.example\n\n{status_part}\n"
        f"--b\nContent-Type: {quoting}\n\n{quoted}\n--b--\n"
    )


def coded(status_part: str, encoding: str) -> str:
    whole = f"Reporting-MTA: dns; relay.acme.example\n\n{status_part}".encode()
    octets = base64.encodebytes(whole) if encoding == "base64" else quopri.encodestring(whole)
    raw = report("@", encoding=encoding)
    return raw.replace("Reporting-MTA: dns; relay.acme.example\n\n@", octets.decode())


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("status", ["5.1.1", "4.4.1"])
def test_a_machine_part_is_read_in_any_transfer_encoding(encoding: str, status: str) -> None:
    raw = coded(BLOCK.format(GONE, "failed", status) + "Diagnostic-Code: smtp; =20 x\n", encoding)
    finding = found(raw)
    assert finding.report is not None
    assert (finding.report.status, finding.report.recipient) == (status, GONE)
    assert verdict(raw) == ("hard" if status == "5.1.1" else "soft")


@pytest.mark.parametrize(
    "kind",
    [
        "message/delivery-status",
        "message/global-delivery-status",
        "message/x-delivery-status",
        "message/xdelivery-status",
        "text/delivery-status",
        "text/plain",
    ],
)
@pytest.mark.parametrize(
    "quoting",
    [
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
    ],
)
def test_a_report_is_read_under_each_of_its_types(kind: str, quoting: str) -> None:
    finding = found(report(FAILED, kind=kind, quoting=quoting))
    assert finding.kind == "bounce"
    assert finding.report is not None
    assert (finding.report.kind, finding.report.recipient) == ("hard", GONE)
    assert finding.quoted[0] == OURS


def test_a_quoted_mail_is_read_in_its_transfer_encoding() -> None:
    quoted = base64.encodebytes(QUOTED.encode()).decode()
    raw = report(FAILED, quoted=quoted).replace(
        "Content-Type: message/rfc822\n",
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
    )
    assert found(raw).quoted == (OURS,)


def test_a_report_whose_boundary_is_wrong_is_read_all_the_same() -> None:
    raw = report(FAILED).replace('boundary="b"', 'boundary="other"')
    assert verdict(raw) == "hard"
    assert found(raw).quoted == (OURS,)


@pytest.mark.parametrize(
    "field",
    [
        "rfc822; info@müller.example",
        "utf-8; info@müller.example",
        "rfc822; info@xn--mller-kva.example",
        r"utf-8; info@m\x{FC}ller.example",
        "RFC822;<INFO@Müller.example>",
    ],
)
def test_an_address_is_one_in_every_script_of_its_domain(field: str) -> None:
    block = FAILED.replace(f"rfc822; {GONE}", field)
    quoted = QUOTED.replace(GONE, "info@xn--mller-kva.example")
    for kind in ("message/delivery-status", "message/global-delivery-status"):
        finding = found(report(block, kind=kind, quoted=quoted))
        assert finding.report is not None
        assert finding.report.recipient == "info@xn--mller-kva.example"


OTHER = "other@cust.example"


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([(GONE, "failed", "5.1.1"), (OTHER, "failed", "5.2.2")], "hard"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "failed", "5.2.2")], "soft"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "delivered", "2.0.0")], "other"),
        ([(OTHER, "failed", "5.1.1"), (GONE, "delayed", "4.4.1")], "other"),
        ([(OTHER, "delivered", "2.0.0"), (GONE, "failed", "5.1.1")], "hard"),
        ([(OTHER, "failed", "5.1.1"), ("third@cust.example", "failed", "5.1.1")], "hard"),
    ],
)
def test_of_several_recipients_the_one_that_we_wrote_to_counts(
    blocks: list[tuple[str, str, str]], expected: str
) -> None:
    assert verdict(report("\n".join(BLOCK.format(*block) for block in blocks))) == expected


def test_an_address_that_stands_for_several_people_is_good_when_it_reached_one() -> None:
    ours = f"Original-Recipient: rfc822; {GONE}\n"
    one = ours + BLOCK.format("a@cust.example", "failed", "5.1.1")
    two = ours + BLOCK.format("b@cust.example", "relayed", "2.0.0")
    assert verdict(report(f"{one}\n{two}")) == "other"


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "5.1.1", "hard"),
        ("Failed", "5.1.1", "hard"),
        ("failed (permanent)", "5.1.1", "hard"),
        ("delayed", "4.4.1", "other"),
        ("delivered", "2.1.5", "other"),
        ("relayed", "2.1.9", "other"),
        ("expanded", "2.0.0", "other"),
        ("", "5.1.1", "hard"),
        ("", "2.0.0", "other"),
    ],
)
def test_only_a_failure_is_a_bounce(action: str, status: str, expected: str) -> None:
    assert verdict(report(BLOCK.format(GONE, action, status))) == expected


def test_what_the_machine_part_leaves_out_is_taken_from_the_words_beside_it() -> None:
    for said, expected in (
        (f"{GONE}\n    Unrouteable address\n", "hard"),
        (f"{GONE}\n    retry timeout exceeded\n", "soft"),
        ("La dirección de correo no existe.", "hard"),
        ("Something went wrong.", "soft"),
    ):
        assert verdict(report(BLOCK.format(GONE, "failed", "5.0.0"), said=said)) == expected


MAILER = "Return-Path: <>\nFrom: Mail Delivery System <mailer-daemon@cust.example>"
PROSE: dict[str, tuple[str, str, str]] = {
    "qmail": (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.cust.example\nSubject: failure notice",
        f"""
        Hi. This is the qmail-send program at mx.cust.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <{GONE}>:
        Sorry, no mailbox here by that name. vpopmail (#5.1.1)

        --- Below this line is a copy of the message.

        """,
        "hard",
    ),
    "qmail, of several": (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.cust.example\nSubject: failure notice",
        f"""
        <other@cust.example>:
        192.0.2.7 does not like recipient.
        Remote host said: 550 5.1.1 no such user
        Giving up on 192.0.2.7.

        <{GONE}>:
        192.0.2.7 failed after I sent the message.
        Remote host said: 552 Mailbox is over quota

        --- Below this line is a copy of the message.

        """,
        "soft",
    ),
    "Exim": (
        (
            f"{MAILER}\nX-Failed-Recipients: {GONE}\n"
            "Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message"
        ),
        f"""
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          {GONE}
            host mx.cust.example [192.0.2.5]
            SMTP error from remote mail server after RCPT TO:<{GONE}>:
            550 No such person at this address

        ------ This is a copy of the message, including all the headers. ------

        """,
        "hard",
    ),
    "Exim, refused for spam": (
        f"{MAILER}\nX-Failed-Recipients: {GONE}\nSubject: Mail delivery failed",
        f"""
          {GONE}
            SMTP error from remote mail server after end of data:
            554 5.7.1 Message rejected: [5.1.1.9] is on a block list

        """,
        "soft",
    ),
    "Exim, delayed": (
        f"{MAILER}\nSubject: Warning: message 1oQx delayed 24 hours",
        f"""
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue.

          {GONE}
            host mx.cust.example [192.0.2.5]: 450 4.2.0 Greylisted

        No action is required on your part.

        """,
        "other",
    ),
    "Exchange, German": (
        (
            "Return-Path: <>\nSubject: Unzustellbar: Your plan\nFrom: Microsoft Outlook"
            " <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@cust.example>"
        ),
        f"""
        Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

        {GONE}
        Die von Ihnen eingegebene E-Mail-Adresse konnte nicht gefunden werden.

        Ursprüngliche Nachrichtenkopfzeilen:

        """,
        "hard",
    ),
    "Exchange, French, with its code": (
        "Return-Path: <>\nSubject: Non remis : Your plan\nFrom: postmaster@cust.example",
        f"""
        Échec de la remise pour ces destinataires ou groupes :

        {GONE}
        L'adresse que vous avez entrée est introuvable.

        Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found'

        En-têtes de message d'origine :

        """,
        "hard",
    ),
    "Japanese, full": (
        "Return-Path: <>\nSubject: 配信不能通知\nFrom: postmaster@cust.example",
        f"次の宛先に配信できませんでした。\n\n{GONE}\nメールボックスの容量が超過しています。\n\n",
        "soft",
    ),
    "Chinese, another subject": (
        f"{MAILER}\nSubject: 系统退信",
        f"很抱歉，您的邮件无法送达。\n\n收件人邮件地址（{GONE}）不存在，邮件无法送达。\n\n",
        "hard",
    ),
    "a language nobody knows": (
        f"{MAILER}\nSubject: Ynwa bihn",
        f"Ula kemi {GONE} tibu 550 5.1.1 nabo.\n\n",
        "hard",
    ),
    "no path and no code, but it quotes us": (
        "From: MAILER-DAEMON@cust.example\nSubject: Ynwa bihn",
        f"Ula kemi {GONE} tibu.\n\n",
        "soft",
    ),
    "Domino": (
        (
            "Return-Path: <MAILER-DAEMON@cust.example>\nFrom: Postmaster@cust.example\n"
            f"Subject: DELIVERY FAILURE: User gone ({GONE}) not listed in Domino Directory"
        ),
        f"""
        Your message was not delivered to:

          {GONE}

        because:

          User gone ({GONE}) not listed in Domino Directory

        """,
        "hard",
    ),
    "Yahoo": (
        f"{MAILER}\nSubject: Failure Notice",
        f"""
        Sorry, we were unable to deliver your message to the following address.

        <{GONE}>:
        554: delivery error: dd This user doesn't have a mail.example account

        --- Below this line is a copy of the message.

        """,
        "hard",
    ),
    "a success": (
        f"{MAILER}\nSubject: Delivered: Your plan",
        f"Your message was successfully delivered to {GONE}.\n\n",
        "other",
    ),
    "from nobody": (
        'From: "MAILER-DAEMON" <>\nSubject: Mail delivery failed',
        f"mx.cust.example [192.0.2.25] did not like our RCPT TO:\n550 5.1.1 <{GONE}>: unknown\n\n",
        "hard",
    ),
    "an answer of a person at postmaster@": (
        (
            "Return-Path: <postmaster@cust.example>\nFrom: Pat <postmaster@cust.example>\n"
            f"Subject: Re: Undeliverable: Your plan\nIn-Reply-To: {OURS}"
        ),
        f"I have seen 550 5.1.1 for {GONE} too, write to me instead.\n\n",
        "reply",
    ),
    "a person who tells of a bounce": (
        (
            "Return-Path: <jo@cust.example>\nFrom: jo@cust.example\nSubject: Undeliverable?\n"
            f"In-Reply-To: {OURS}"
        ),
        f"I got this:\n\n550 5.1.1 <{GONE}>: User unknown\n\n",
        "reply",
    ),
}


@pytest.mark.parametrize("name", PROSE)
def test_prose_counts_when_a_mail_system_wrote_it(name: str) -> None:
    head, body, expected = PROSE[name]
    raw = f"{head}\nTo: ana@acme.example\n\n{dedent(body).lstrip()}{QUOTED}\nHello\n"
    finding = found(raw)
    assert verdict(raw) == expected
    assert finding.quoted[0] == OURS
    if finding.kind == "bounce":
        assert finding.report is not None
        assert finding.report.recipient == GONE


@pytest.mark.parametrize(
    "quoting", ["メッセージID: {}", "Nachrichten-ID {}", "(message id {})", "ID={}"]
)
@pytest.mark.parametrize("bare", [True, False])
def test_prose_may_quote_our_message_id_in_any_words(quoting: str, *, bare: bool) -> None:
    named = quoting.format(OURS[1:-1] if bare else OURS)
    said = f"{MAILER}\nTo: ana@acme.example\nSubject: Ynwa\n\n<{GONE}>: unbekannt\n\n{named}\n"
    assert verdict(said.replace("unbekannt", "Empfänger unbekannt")) == "hard"
    assert found(said).quoted == (OURS,)


def test_prose_with_the_mail_attached_counts_too() -> None:
    raw = (
        f"{MAILER}\nTo: ana@acme.example\nSubject: Postane zo\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/html\n\n<p>User &lt;{GONE}&gt;<br>not found</p>\n"
        f"--b\nContent-Type: message/rfc822\n\n{QUOTED}\nHello\n--b--\n"
    )
    assert verdict(raw) == "hard"
    assert found(raw).quoted == (OURS,)


PERSON = "Return-Path: <jo@cust.example>\nFrom: Jo <jo@cust.example>"


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_person_who_attaches_somebodys_report_is_a_person(*, wrapped: bool) -> None:
    inner = report(
        FAILED.replace(GONE, "billing@else.example"), quoted="Message-ID: <x@y.example>\n"
    )
    if wrapped:
        part = f"Content-Type: message/rfc822\n\n{inner}"
    else:
        part = f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{FAILED}"
    raw = (
        f"{PERSON}\nTo: ana@acme.example\nSubject: Re: Your plan\nIn-Reply-To: {OURS}\n"
        'Content-Type: multipart/mixed; boundary="m"\n\n'
        f"--m\nContent-Type: text/plain\n\nYes. My mail came back.\n--m\n{part}\n--m--\n"
    )
    assert verdict(raw) == "reply"


def test_a_gateway_that_wraps_a_report_hides_nothing() -> None:
    inner = report(FAILED).split("\n\n", 1)[1]
    raw = (
        f"{MAILER}\nTo: ana@acme.example\nSubject: [EXTERNAL] Undelivered Mail\n"
        'Content-Type: multipart/mixed; boundary="m"\n\n--m\n'
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n{inner}'
        "--m\nContent-Type: text/plain\n\nThis mail was scanned.\n--m--\n"
    )
    assert verdict(raw) == "hard"


@pytest.mark.parametrize("kind", ["disposition-notification", "feedback-report"])
def test_receipts_and_complaints_are_no_bounces(kind: str) -> None:
    raw = report(FAILED).replace("report-type=delivery-status", f"report-type={kind}")
    assert verdict(raw) == "other"


def test_a_report_of_another_mail_in_our_thread_is_not_about_ours() -> None:
    theirs = "<cc.1@acme.example>"
    quoted = f"Message-ID: {theirs}\nTo: other@cust.example\nReferences: {OURS}\n"
    head = f"{MAILER}\nIn-Reply-To: {theirs}\nReferences: {OURS} {theirs}"
    fields = FAILED.replace(GONE, "other@cust.example")
    assert found(report(fields, head=head, quoted=quoted)).quoted == (theirs,)
    in_words = f"{head}\nSubject: Undelivered\n\nother@cust.example: unknown\n\nFrom: a@b.example\n"
    assert found(f"{in_words}Subject: x\n{quoted}").quoted == (theirs,)
    assert found(report(fields, head=head, quoting="text/plain", quoted="")).quoted == (theirs,)


def test_a_report_without_the_mail_names_what_its_thread_names() -> None:
    raw = report(FAILED, head=f"{MAILER}\nIn-Reply-To: {OURS}", quoting="text/plain", quoted="")
    assert found(raw).quoted == (OURS,)
