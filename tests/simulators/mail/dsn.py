"""The messages that come back: bounces (RFC 3464), replies, auto-replies, complaints (5965)."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid

from tests.simulators.mail.rules import BounceForm, Reaction, ReactionKind

REPORTER = "mx.simulator.example"
# What is quoted must stay byte for byte what was sent, so its headers are never folded anew.
WIRE = policy.SMTP.clone(refold_source="none")

DIAGNOSTICS = {
    "5.1.1": "550-5.1.1 The email account that you tried to reach does not exist.",
    "5.2.1": "550-5.2.1 The email account that you tried to reach is disabled.",
    "4.2.2": "452-4.2.2 The email account that you tried to reach is over quota.",
    "5.2.2": "552-5.2.2 The email account that you tried to reach is over quota.",
    "5.7.1": "550-5.7.1 Our system has detected that this message is likely unsolicited mail.",
}


@dataclass(frozen=True)
class Original:
    """The mail that something is said about, as it was accepted."""

    raw: bytes
    sender: str
    recipient: str
    accepted_at: datetime

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=WIRE)

    @property
    def header_block(self) -> bytes:
        end = self.raw.find(b"\r\n\r\n")
        return self.raw if end < 0 else self.raw[: end + 2]

    def header(self, name: str) -> str:
        return str(self.parsed.get(name, "")).strip()

    def ids(self, name: str) -> str:
        """The value of Message-ID or References as it was written, however badly it was."""
        for key, value in self.parsed.raw_items():
            if key.lower() == name.lower():
                return " ".join(str(value).split())
        return ""


def build(reaction: Reaction, original: Original, now: datetime) -> bytes:
    match reaction.kind:
        case ReactionKind.BOUNCE if reaction.form is BounceForm.EXCHANGE:
            return _exchange_bounce(reaction, original, now)
        case ReactionKind.BOUNCE:
            return _bounce(reaction, original, now)
        case ReactionKind.COMPLAINT:
            return _complaint(original, now)
        case ReactionKind.REPLY | ReactionKind.OUT_OF_OFFICE:
            return _answer(reaction, original, now)


def _diagnostic(reaction: Reaction) -> str:
    fallback = f"{'4' if reaction.status[0] == '4' else '5'}50 {reaction.status} Not delivered."
    return reaction.diagnostic or DIAGNOSTICS.get(reaction.status, fallback)


def _bounce(reaction: Reaction, original: Original, now: datetime) -> bytes:
    localized = reaction.form is BounceForm.LOCALIZED
    words = _german(reaction, original) if localized else _english(reaction, original)
    subject, prose = words
    report = MIMEMultipart("report", policy=WIRE)
    report.set_param("report-type", "delivery-status")
    _address_report(report, original, now, subject)
    report["X-Failed-Recipients"] = original.recipient
    if reaction.form is BounceForm.NESTED:
        # Gmail threads its bounces, so a reader that trusts In-Reply-To takes them for replies.
        _thread(report, original)
    report.attach(MIMEText(prose, "plain", "utf-8", policy=WIRE))
    report.attach(_delivery_status(reaction, original, now))
    report.attach(_quoted(original, whole=reaction.form is not BounceForm.HEADERS))
    return report.as_bytes(policy=WIRE)


def _address_report(report: Message, original: Original, now: datetime, subject: str) -> None:
    report["Return-Path"] = "<>"
    report["From"] = f"Mail Delivery Subsystem <mailer-daemon@{REPORTER}>"
    report["To"] = original.sender
    report["Subject"] = subject
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=REPORTER)
    report["Auto-Submitted"] = "auto-replied"


def _thread(answer: Message, original: Original) -> None:
    if message_id := original.ids("Message-ID"):
        answer["In-Reply-To"] = message_id
        answer["References"] = f"{original.ids('References')} {message_id}".strip()


def _english(reaction: Reaction, original: Original) -> tuple[str, str]:
    what = "(Delay)" if reaction.action == "delayed" else "(Failure)"
    prose = (
        f"Your message was not delivered to {original.recipient}.\n\n"
        f"The response from the remote server was:\n\n{_diagnostic(reaction)}\n"
    )
    return f"Delivery Status Notification {what}", reaction.text or prose


def _german(reaction: Reaction, original: Original) -> tuple[str, str]:
    prose = (
        f"Ihre Nachricht an {original.recipient} konnte nicht zugestellt werden.\n\n"
        f"Die Adresse wurde nicht gefunden oder kann keine E-Mails empfangen.\n"
    )
    return "Unzustellbar: Ihre Nachricht wurde nicht übermittelt", reaction.text or prose


def _delivery_status(reaction: Reaction, original: Original, now: datetime) -> Message:
    message_fields = Message(policy=WIRE)
    message_fields["Reporting-MTA"] = f"dns; {REPORTER}"
    message_fields["Arrival-Date"] = format_datetime(original.accepted_at)
    recipient_fields = Message(policy=WIRE)
    domain = original.recipient.rpartition("@")[2]
    recipient_fields["Original-Recipient"] = f"rfc822; {original.recipient}"
    recipient_fields["Final-Recipient"] = f"rfc822; {original.recipient}"
    recipient_fields["Action"] = reaction.action
    recipient_fields["Status"] = reaction.status
    recipient_fields["Remote-MTA"] = f"dns; mx.{domain}"
    recipient_fields["Diagnostic-Code"] = f"smtp; {_diagnostic(reaction)}"
    recipient_fields["Last-Attempt-Date"] = format_datetime(now)
    status = MIMENonMultipart("message", "delivery-status", policy=WIRE)
    # The generator writes a list of header blocks for this type, as RFC 3464 wants them.
    status.set_payload([message_fields, recipient_fields])
    return status


def _quoted(original: Original, *, whole: bool) -> Message:
    if whole:
        return MIMEMessage(original.parsed, policy=WIRE)
    part = MIMENonMultipart("text", "rfc822-headers", policy=WIRE)
    part.set_payload(original.header_block.decode("ascii", "surrogateescape"))
    return part


def _exchange_bounce(reaction: Reaction, original: Original, now: datetime) -> bytes:
    """Prose only, as a hybrid Exchange sends it through a relay that flattens the report."""
    bounce = EmailMessage(policy=policy.SMTP)
    bounce["Return-Path"] = "<>"
    domain = original.recipient.rpartition("@")[2]
    bounce["From"] = f"Microsoft Outlook <postmaster@{domain}>"
    bounce["To"] = original.sender
    bounce["Subject"] = f"Undeliverable: {original.header('Subject')}"
    bounce["Date"] = format_datetime(now)
    bounce["Message-ID"] = make_msgid(domain=domain)
    bounce["X-MS-Exchange-Message-Is-Ndr"] = ""
    code = f"{reaction.status[0]}50 {reaction.status}"
    bounce.set_content(
        "Delivery has failed to these recipients or groups:\n\n"
        f"{original.recipient}\n"
        "The email address you entered couldn't be found. Please check the recipient's email "
        "address and try to resend the message.\n\n"
        "Diagnostic information for administrators:\n\n"
        f"Generating server: AM9PR01.{domain}\n\n"
        f"{original.recipient}\n"
        f"Remote Server returned '{code} RESOLVER.ADR.RecipientNotFound; Recipient not found'\n\n"
        "Original message headers:\n\n"
        + original.header_block.decode("utf-8", "replace").replace("\r\n", "\n")
    )
    return bounce.as_bytes()


def _answer(reaction: Reaction, original: Original, now: datetime) -> bytes:
    automatic = reaction.kind is ReactionKind.OUT_OF_OFFICE
    author = reaction.from_address or original.recipient
    answer = EmailMessage(policy=policy.SMTP)
    answer["Return-Path"] = "<>" if automatic else f"<{author}>"
    answer["From"] = author
    answer["To"] = original.header("Reply-To") or original.header("From") or original.sender
    subject = original.header("Subject")
    answer["Subject"] = f"{'Automatic reply' if automatic else 'Re'}: {subject}"
    answer["Date"] = format_datetime(now)
    answer["Message-ID"] = make_msgid(domain=author.rpartition("@")[2])
    _thread(answer, original)
    if automatic:
        answer["Auto-Submitted"] = "auto-replied"
        answer["X-Autoreply"] = "yes"
        answer["X-Auto-Response-Suppress"] = "All"
        away = "I am out of the office and will read your mail when I am back next week."
        answer.set_content(f"{reaction.text or away}\n")
    else:
        words = reaction.text or "Thank you, let us talk about the renewal next week."
        answer.set_content(f"{words}\n\n{_quotation(original, now)}")
    return answer.as_bytes()


def _quotation(original: Original, now: datetime) -> str:
    body = original.parsed.get_body(("plain",))
    text = str(body.get_content()) if isinstance(body, EmailMessage) else ""
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    return f"On {now:%d %B %Y}, {original.sender} wrote:\n{quoted}\n"


def _complaint(original: Original, now: datetime) -> bytes:
    """A feedback report (RFC 5965): the recipient pressed "this is spam"."""
    report = MIMEMultipart("report", policy=WIRE)
    report.set_param("report-type", "feedback-report")
    _address_report(report, original, now, "Complaint about a message from you")
    report.attach(MIMEText("This is a report of an e-mail abuse.\n", "plain", policy=WIRE))
    fields = Message(policy=WIRE)
    fields["Feedback-Type"] = "abuse"
    fields["User-Agent"] = "MailSimulator/1.0"
    fields["Version"] = "1"
    fields["Original-Mail-From"] = f"<{original.sender}>"
    fields["Original-Rcpt-To"] = f"<{original.recipient}>"
    fields["Arrival-Date"] = format_datetime(original.accepted_at)
    feedback = MIMENonMultipart("message", "feedback-report", policy=WIRE)
    feedback.set_payload([fields])
    report.attach(feedback)
    report.attach(_quoted(original, whole=True))
    return report.as_bytes(policy=WIRE)
