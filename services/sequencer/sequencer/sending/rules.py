"""Whether a claimed mail may go now, what it looks like on the wire, what a refusal means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

_WIRE = SMTP.clone(cte_type="7bit", max_line_length=900)
"""Seven bits, so that no server needs an extension for it. Long lines, as RFC 5322 allows, because
the standard library encodes an address that it cannot fold, and an encoded link is no link."""
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BAD_ADDRESS = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_FULL = {"5.2.2", "4.2.2"}
_BAD_RECIPIENT_CODES = {550, 551, 553, 556}

Meaning = Literal["later", "bad_recipient", "mailbox", "content"]
"""What a definite refusal says: try again, the address is no good, our mailbox is no good, this
mail is no good."""


@dataclass(frozen=True, slots=True)
class Letter:
    message_id: str
    sender_name: str
    sender: str
    recipient_name: str
    recipient: str
    reply_to: str | None
    subject: str
    text: str
    html: str | None
    date: datetime
    unsubscribe_url: str
    answers: Sequence[str] = ()
    """Message-IDs of the thread, oldest first."""


def wire_form(letter: Letter) -> bytes:
    """RFC 5322, with what RFC 8058 asks of mail that one can unsubscribe from by one click.

    Raises ValueError for names and addresses that no header can hold.
    """
    mail = EmailMessage(policy=_WIRE)
    mail["From"] = _address(letter.sender_name, letter.sender)
    mail["To"] = _address(letter.recipient_name, letter.recipient)
    if letter.reply_to:
        mail["Reply-To"] = letter.reply_to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.date)
    mail["Message-ID"] = letter.message_id
    if letter.answers:
        mail["In-Reply-To"] = letter.answers[-1]
        mail["References"] = " ".join(letter.answers)
    mail["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    if letter.html is not None:
        mail.add_alternative(letter.html, subtype="html")
    return mail.as_bytes()


def _address(name: str, email: str) -> Address:
    plain = " ".join(name.split())
    return Address(display_name=plain, addr_spec=email)


def meaning_of(stage: str, code: int, text: str) -> Meaning:
    """RFC 3463 where the server speaks it; 5.7 is policy, which is about us and not the reader."""
    if code < 500:  # noqa: PLR2004
        return "later"
    if stage in {"connect", "auth", "mail"}:
        return "mailbox"
    found = _ENHANCED.search(text)
    status = found[0] if found else ""
    if status in _BAD_ADDRESS:
        return "bad_recipient"
    if status in _FULL:
        return "later"
    if status.startswith("5.7"):
        return "mailbox"
    if stage == "rcpt" and not status and code in _BAD_RECIPIENT_CODES:
        return "bad_recipient"
    if stage == "rcpt" and status.startswith("5.1"):
        return "bad_recipient"
    return "content"


def retry_wait(waits: Sequence[float], attempt: int) -> float:
    """Seconds before the next attempt, after `attempt` of them."""
    return waits[min(max(attempt, 1), len(waits)) - 1]
