"""Whether a claimed mail may go now, what it looks like on the wire, what a refusal means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Literal

from shared.mail.addresses import email_key, needs_smtputf8
from shared.mail.delivery_failures import FailureCause, cause_of_failure

_WIRE = SMTP.clone(cte_type="7bit", max_line_length=900)
"""Seven bits, so that no server needs an extension for it, unless an address does. Long lines, as
RFC 5322 allows, because the standard library encodes an address that it cannot fold, and an encoded
link is no link.
"""

Meaning = Literal["later", "bad_recipient", "mailbox", "content"]
"""What a definite refusal says: try again, the address is no good, our mailbox is no good, this
mail is no good for this recipient."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail with all that its header and body hold."""

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

    @property
    def needs_smtputf8(self) -> bool:
        """Some address in its header has letters beyond ASCII before the @ (RFC 6531)."""
        return any(map(needs_smtputf8, [self.recipient, self.reply_to or ""]))


class BadAddress(Exception):
    """No mail can go to or from this."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is no address that a mail can go to: correct it.")


def wire_form(outgoing: OutgoingMail) -> bytes:
    """RFC 5322, with what RFC 8058 asks of mail that one can unsubscribe from by one click.

    Raises `BadAddress`, or ValueError for what else no header can hold.
    """
    mail = EmailMessage(policy=_WIRE.clone(utf8=outgoing.needs_smtputf8))
    mail["From"] = _address(outgoing.sender_name, outgoing.sender)
    mail["To"] = _address(outgoing.recipient_name, outgoing.recipient)
    if outgoing.reply_to:
        mail["Reply-To"] = outgoing.reply_to
    mail["Subject"] = outgoing.subject
    mail["Date"] = format_datetime(outgoing.date)
    mail["Message-ID"] = outgoing.message_id
    if outgoing.answers:
        mail["In-Reply-To"] = outgoing.answers[-1]
        mail["References"] = " ".join(outgoing.answers)
    mail["List-Unsubscribe"] = f"<{outgoing.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(outgoing.text)
    if outgoing.html is not None:
        mail.add_alternative(outgoing.html, subtype="html")
    return mail.as_bytes()


def _address(name: str, email: str) -> Address:
    """Raises `BadAddress`."""
    plain = " ".join(name.split())
    if needs_smtputf8(email) and email_key(email) is not None:
        # The library reads none of these, although it writes them.
        local, _, domain = email.rpartition("@")
        return Address(plain, local, domain)
    try:
        found = Address(display_name=plain, addr_spec=email)
    except (MessageError, ValueError, LookupError, AttributeError) as error:
        # All of these are what the library raises for some text that is no address.
        raise BadAddress(email) from error
    if found.addr_spec != email:
        raise BadAddress(email)
    return found


_MEANINGS: Final[dict[FailureCause, Meaning]] = {
    "address": "bad_recipient",
    "full": "later",
    "passing": "later",
    "restricted": "content",
    "policy": "mailbox",
    "other": "content",
}


def meaning_of(stage: str, code: int, text: str) -> Meaning:
    """Until the recipient is named a refusal is about us; from then on what is said decides, as
    when the same words come back in a report.
    """
    if code < 500:  # noqa: PLR2004
        return "later"
    if stage in {"connect", "auth", "mail"}:
        return "mailbox"
    return _MEANINGS[cause_of_failure(f"{code} {text}")]


def retry_wait(waits: Sequence[float], attempt: int) -> float:
    """Seconds before the next attempt, after `attempt` of them."""
    return waits[min(max(attempt, 1), len(waits)) - 1]
