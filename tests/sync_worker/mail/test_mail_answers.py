"""Who wrote an answer: a person or a machine, whatever language and gateway it came through."""

from base64 import b64encode

import pytest

from sync_worker.mail.classification.message import Mail
from tests.sync_worker.mail.mails import JO, OURS, THREAD, found, mail

ANSWERS = [
    "Re: Your plan",
    "RE[2]: Your plan",
    "Re (3): Your plan",
    "RE：Your plan",
    "AW: Your plan",
    "Antwort: Your plan",
    "Antw: Your plan",
    "Betr: Your plan",
    "SV: Your plan",
    "VS: Your plan",
    "Svar: Your plan",
    "Rif: Your plan",
    "R: Your plan",
    "RES: Your plan",
    "RÉP : Your plan",
    "TR: Your plan",
    "Odp: Your plan",
    "Ynt: Your plan",
    "Atb: Your plan",
    "Vá: Your plan",
    "ΑΠ: Your plan",
    "Ответ: Your plan",
    "回复: Your plan",
    "回复：Your plan",
    "回覆: Your plan",
    "答复: Your plan",
    "返信: Your plan",
    "회신: Your plan",
    "תשובה: Your plan",
    "رد: Your plan",
    "Trả lời: Your plan",
    "[EXTERNAL] RE: Your plan",
    "[EXT] AW: Your plan",
    "EXTERNAL: Re: Your plan",
    "[SUSPECTED SPAM] Re: Your plan",
    "*** SPAM *** Re: Your plan",
    "{Spam?} SV: Your plan",
    "CAUTION: [External] Re: Your plan",
    "【外部】回复：Your plan",
    "[EXTERN][Ticket#42] Antwort: Your plan",
    "[EXTERNAL]RE: Your plan",
    "(External) SV: Your plan",
    "<EXTERNAL> AW: Your plan",
    "⚠️ External: Re: Your plan",
    "!!!EXTERNAL!!! RE: Your plan",
    "##SPAM## Re: Your plan",
    "External Mail - Réponse : Your plan",
    "[社外メール] 返信: Your plan",
    "WG: Your plan",
    "Risposta: Your plan",
    "Odpověď: Your plan",
]


@pytest.mark.parametrize("subject", ANSWERS)
def test_an_answer_without_a_thread_is_known_by_its_prefix(subject: str) -> None:
    assert found(mail(subject)).kind == "reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Your plan",
        "Reply needed",
        "Vs. the plan",
        "[EXTERNAL] Hello",
        "Area: north",
        "",
        "重要",
        "Holiday allowance in the contract",
        "Leave policy",
        "Away games",
        "Automatic renewal",
        "Semester: dates",
    ],
)
def test_mail_of_a_person_that_names_no_other_may_be_an_answer(subject: str) -> None:
    assert found(mail(subject)).kind == "personal"


@pytest.mark.parametrize(
    "head",
    [
        "List-Id: <news.cust.example>\n",
        "List-Unsubscribe: <https://cust.example/u>\n",
        "List-Help: <mailto:help@cust.example>\n",
        "Mailing-List: list news@cust.example\n",
        "Precedence: bulk\n",
        "Feedback-ID: 1:news:cust\n",
        "X-SES-Outgoing: 2026.11.29-192.0.2.1\n",
        "X-Campaign: spring\n",
        "Content-Type: text/calendar; method=REQUEST\n",
        "Content-Type: text/calendar; method=CANCEL\n",
        "Content-Type: application/ics\n",
    ],
)
def test_newsletters_notices_and_invitations_are_no_letters(head: str) -> None:
    assert found(mail("Your plan", head)).kind == "other"


@pytest.mark.parametrize(
    "sender",
    [
        "=?iso-8859-1?Q?M=FCller=2C_J=F6rg?= <jo@cust.example>",
        "=?utf-8?B?TcO8bGxlciwgSm8=?= <JO@cust.example>",
        "=?utf-8?Q?Jo_=3Cboss=40else.example=3E?= <jo@cust.example>",
        "Müller, Jo <jo@cust.example>",
        '"Müller, Jo" <jo@cust.example>',
        '"boss@else.example" <jo@cust.example>',
        "=?utf-8?Q?Jo_=3Cjo=40cust=2Eexample=3E?=",
        "jo@cust.example (Jo, of sales)",
        "<jo@cust.example>",
        "Jo\n <jo@cust.example>",
    ],
)
def test_a_sender_is_found_whatever_the_name_holds(sender: str) -> None:
    assert Mail.parse(f"From: {sender}\nSubject: x\n\nhi".encode()).sender == "jo@cust.example"


def test_a_sender_is_one_in_every_script_of_its_domain() -> None:
    for domain in ("müller.example", "xn--mller-kva.example", "MÜLLER.example"):
        raw = f"From: <Info@{domain}>\nSubject: Re: x\n\nhi".encode()
        assert Mail.parse(raw).sender == "info@xn--mller-kva.example"


def test_who_writes_through_a_list_that_sends_in_its_own_name_is_known() -> None:
    raw = (
        "From: 'Jo' via Plans <plans@acme.example>\nX-Original-From: Jo <jo@cust.example>\n"
        "Precedence: list\nList-Id: <plans.acme.example>\nSubject: Re: x\n"
    )
    assert Mail.parse(f"{raw}\nhi".encode()).sender == "jo@cust.example"
    assert found(f"{raw}{THREAD}\nhi").kind == "reply"


@pytest.mark.parametrize(
    "head",
    [
        "Precedence: list\nList-Id: <plans.acme.example>\nMailing-List: list plans@acme.example\n",
        "Precedence: bulk\n",
        "List-Unsubscribe: <https://groups.example/u>\nList-Post: <mailto:plans@acme.example>\n",
        "X-Spam-Flag: YES\nPrecedence: junk\n",
    ],
)
def test_our_message_id_beats_every_hint_of_a_mail_to_many(head: str) -> None:
    assert found(mail("Re: Your plan", f"{head}{THREAD}")).kind == "reply"
    assert found(mail("Re: Your plan", head)).kind == "other"


@pytest.mark.parametrize("subject", ["Re: Your plan", "Undeliverable: Your plan", "Ynwa bihn"])
def test_a_responder_that_quotes_us_in_the_name_of_its_owner_is_no_mail_system(
    subject: str,
) -> None:
    quoted = f"> From: ana@acme.example\n> To: Jo <jo@cust.example>\n> Message-ID: {OURS}\n"
    body = f"This mailbox is no longer active, 550 5.1.1 as it were.\n\n{quoted}"
    away = mail(subject, THREAD, body).replace("<jo@cust.example>", "<>", 1)
    assert found(away).kind == "auto_reply"


def test_a_thread_whose_ids_lost_their_brackets_is_a_thread() -> None:
    assert found(mail("Something", f"In-Reply-To: {OURS[1:-1]}\n")).quoted == (OURS,)


def test_a_subject_in_a_charset_that_claims_too_little_is_read() -> None:
    subject = f"=?gb2312?B?{b64encode('回复: 續約'.encode('gb18030')).decode()}?="
    assert found(f"{JO}Subject: {subject}\n\nx\n").kind == "reply"


@pytest.mark.parametrize("sender", ["noreply@cust.example", "do-not-reply@cust.example"])
def test_an_address_that_nobody_reads_is_a_machines(sender: str) -> None:
    raw = f"From: {sender}\nSubject: Re: Your plan\n{THREAD}\nThank you.\n"
    assert found(raw).kind == "auto_reply"


@pytest.mark.parametrize(
    ("subject", "body", "head"),
    [
        ("Re: Out of office cover", "Yes.", ""),
        ("Re: Automatic reply: Your plan", "Ignore that, I am back: yes.", ""),
        ("Re: Your plan", "I am out of office on Friday, call me on Monday.", ""),
        ("Re: Your plan", "Yes.\n> This is an automated message.", ""),
        ("Re: Your plan", "Out of office on Friday.", "X-Auto-Response-Suppress: DR, RN\n"),
        ("Re: Your plan", "Yes.", "X-Auto-Response-Suppress: All\n"),
        ("Re: Your plan", "Yes.", "Auto-Submitted: no\n"),
        ("Read me: your plan", "Yes.", ""),
        ("Something else", "Yes.", ""),
        ("Auto-renewal of our contract", "Yes.", ""),
        ("Absences in March", "Yes.", ""),
        ("FW: Undeliverable: invoice", "550 5.1.1 user unknown, they say", ""),
        ("Re: Your plan", "Yes.", "Auto-Submitted: no (a person)\n"),
    ],
)
def test_a_person_may_say_what_machines_say(subject: str, body: str, head: str) -> None:
    assert found(mail(subject, f"{head}{THREAD}", body)).kind == "reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Read: Your plan",
        "Not read: Your plan",
        "Gelesen: Your plan",
        "Lu : Your plan",
        "Leído: Your plan",
        "開封済み: Your plan",
        "[EXT] Read: Your plan",
    ],
)
def test_a_receipt_is_no_answer(subject: str) -> None:
    assert found(mail(subject, THREAD, "")).kind == "other"


def test_a_receipt_in_its_own_form_and_an_invitation_answered_are_no_answers() -> None:
    receipt = (
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n"
        f"{THREAD}\n--b\nContent-Type: text/plain\n\nYour mail was opened.\n--b\n"
        "Content-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; jo@cust.example\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    assert found(f"{JO}Subject: Seen: x\n{receipt}").kind == "other"
    accepted = "Content-Type: text/calendar; method=REPLY\n"
    assert (
        found(mail("Accepted: Meeting", f"{accepted}{THREAD}", "BEGIN:VCALENDAR")).kind == "other"
    )
    invited = "Content-Type: text/calendar; method=REQUEST\n"
    assert found(mail("Re: Your plan", f"{invited}{THREAD}", "BEGIN:VCALENDAR")).kind == "reply"
