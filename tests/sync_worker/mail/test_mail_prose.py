"""Reports of mail systems in nothing but words, each with what it says of our mail."""

from textwrap import dedent

import pytest

from tests.sync_worker.mail.mails import GONE, MAILER, OURS, QUOTED, found, verdict

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
