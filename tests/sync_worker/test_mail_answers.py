"""Who wrote an answer: a person or a machine, whatever language and gateway it came through."""

from base64 import b64encode
from email.header import Header
from uuid import UUID

import pytest

from shared.message_ids import own_message_id
from sync_worker.mailbox.rules.classify import Finding, classified
from sync_worker.mailbox.rules.message import Mail

WS = UUID("0198c0de-0000-7000-8000-000000000001")
OURS = own_message_id(WS, UUID(int=7), "acme.example")
JO = "Return-Path: <jo@cust.example>\nFrom: Jo <jo@cust.example>\nTo: ana@acme.example\n"
THREAD = f"In-Reply-To: {OURS}\nReferences: {OURS}\n"


def found(raw: str) -> Finding:
    return classified(WS, Mail.parse(raw.encode().replace(b"\n", b"\r\n")))


def mail(subject: str, head: str = "", body: str = "Yes, let us go on.") -> str:
    return f"{JO}Subject: {Header(subject, 'utf-8').encode()}\n{head}\n{body}\n"


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
    ["Your plan", "Reply needed", "Vs. the plan", "[EXTERNAL] Hello", "Area: north", "", "重要"],
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


MACHINES = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated",
    "Auto-Submitted: Auto-Notified; x=y",
    "Delivered-To: Autoresponder",
    "Delivered-To: jo@cust.example\nDelivered-To: autoresponder@cust.example",
    "Precedence: auto_reply",
    "Precedence: auto-reply",
    "X-Precedence: auto-reply",
    "Preference: auto_reply",
    "X-Autoreply: yes",
    "X-Autorespond: out",
    "X-Auto-Reply-From: jo@cust.example\nX-Autoreply-From: jo@cust.example",
    "X-Mail-Autoreply: 1",
    "X-Autogenerated: Reply",
    "X-FC-MachineGenerated: true",
    "X-Amazon-Auto-Reply: true",
    "X-ServiceNow-Generated: true",
    "X-POST-MessageClass: 9; Autoresponder",
    "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    "X-Mailer: vacation 1.2.7",
]


@pytest.mark.parametrize("head", MACHINES)
def test_a_header_of_a_responder_tells_a_machine(head: str) -> None:
    assert found(mail("Re: Your plan", f"{head}\n{THREAD}")).kind == "auto_reply"


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


AWAY = [
    "Automatic reply: Your plan",
    "Auto-Reply: Your plan",
    "AutoReply: Your plan",
    "Auto: Re: Your plan",
    "Out of Office: Your plan",
    "Out of Office Re: Your plan",
    "OOO: Your plan",
    "Jo Example is out of the office (returning 03/09/2026)",
    "AUTO: Jo is out of the office",
    "Vacation reply",
    "Automatische Antwort: Your plan",
    "Abwesenheitsnotiz: Your plan",
    "Abwesend: Your plan",
    "Automatisch antwoord: Your plan",
    "Afwezigheidsbericht",
    "Réponse automatique : Your plan",
    "Absence du bureau : Your plan",
    "Respuesta automática: Your plan",
    "Fuera de la oficina: Your plan",
    "Resposta automática: Your plan",
    "Risposta automatica: Your plan",
    "Fuori ufficio: Your plan",
    "Autosvar: Your plan",
    "Automatiskt svar: Your plan",
    "Automatisk svar: Your plan",
    "Automaattinen vastaus: Your plan",
    "Automatyczna odpowiedź: Your plan",
    "Odpowiedź automatyczna: Your plan",
    "Automatická odpověď: Your plan",
    "Automatikus válasz: Your plan",
    "Otomatik yanıt: Your plan",
    "Автоматический ответ: Your plan",
    "Αυτόματη απάντηση: Your plan",
    "自動返信: Your plan",
    "【自動返信】Your plan",
    "自動応答：Your plan",
    "不在通知",
    "不在: Your plan",
    "自动回复: Your plan",
    "自動回覆: Your plan",
    "자동 회신: Your plan",
    "부재중: Your plan",
    "Trả lời tự động: Your plan",
    "رد تلقائي: Your plan",
    "מענה אוטומטי: Your plan",
    "[External] Automatic reply: Your plan",
    "[EXT] Abwesenheitsnotiz: Your plan",
    "[SUSPECTED SPAM] Réponse automatique: Your plan",
    "CAUTION: Out of office: Your plan",
    "[Ticket#4711] Your request has been received",
    "We have received your message",
    "Eingangsbestätigung: Your plan",
    "お問い合わせありがとうございます",
    "Your plan (verification required)",
    "[Out of Office] Your plan",
    "(Abwesend) Your plan",
    "【不在】Your plan",
    "[自动回复] Your plan",
    "Absence : Your plan",
    "Avis d’absence",  # noqa: RUF001
    "Out Of Office AutoReply: Your plan",
    "Re: Your plan [Automatic reply]",
]


@pytest.mark.parametrize("subject", AWAY)
def test_a_subject_tells_a_machine_in_its_language(subject: str) -> None:
    assert found(mail(subject, THREAD)).kind == "auto_reply"
    assert found(mail(subject)).kind == "auto_reply"


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("This is an automated response. We will come back to you.", ""),
        ("##- Please type your reply above this line -##\nA ticket has been created.", ""),
        ("Dies ist eine automatische Antwort.", ""),
        ("Ceci est une réponse automatique.", ""),
        ("Dit is een automatisch bericht.", ""),
        ("このメールは自動的に送信されています。", ""),
        ("此邮件为系统自动回复。", ""),
        ("Ik ben afwezig.", "X-Auto-Response-Suppress: All\n"),
        ("I am on vacation until Monday.", "Precedence: bulk\n"),
    ],
)
def test_a_text_that_says_that_a_machine_wrote_it_is_believed(body: str, head: str) -> None:
    assert found(mail("Re: Your plan", f"{head}{THREAD}", body)).kind == "auto_reply"


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
