"""Delivery reports (RFC 3464 in RFC 6522): from the form that providers use to plain prose.

Facts come from the machine-readable part when there is one. Prose is only read when the sender and
the structure already say that it is a report.
"""

import re
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import Message
from typing import Final, Literal

from sync_worker.mailbox.rules.message import (
    Mail,
    header,
    inner,
    message_ids,
    parts,
    plain_text,
    text_of,
)

Kind = Literal["hard", "soft"]

HARD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced status codes (RFC 3463) that condemn the address. Of the other permanent ones 5.2.2 is
a full mailbox, 5.7.x a policy, and 5.0.0 or 5.4.1 may be anything.
"""

_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY_CODE = re.compile(r"\b([45]\d\d)[ \-#]")
_NOBODY = re.compile(
    r"(user|mailbox|recipient|address|account)[^.\n]{0,60}"
    r"(unknown|does ?n[o']t exist|not exist|not found|no longer|invalid|unavailable)"
    r"|no such (user|mailbox|recipient|address)|unknown user",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s<>\"'(),:;]+")
_LONGEST_ADDRESS = 320
_MAILER = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|maildaemon)@", re.IGNORECASE)
_REPORT_SUBJECT = re.compile(
    r"^(undeliver|delivery (status notification|failure|has failed)"
    r"|mail delivery (failed|subsystem)|returned mail|failure notice|unzustellbar|non remis"
    r"|no se puede entregar|non recapitabile)",
    re.IGNORECASE,
)
_DELAY = re.compile(r"\b(delay|delayed|verzögert|warning|retard)", re.IGNORECASE)


@dataclass(frozen=True)
class Report:
    """What a report says of a mail. `action` other than `failed` is no bounce."""

    action: str
    kind: Kind
    status: str | None
    recipient: str | None
    diagnostic: str | None
    message_id: str | None
    """Message-ID of the mail it is about, when it quotes it."""


def report_of(mail: Mail) -> Report | None:
    """None for a mail that is no delivery report; receipts and complaints are none either."""
    if _report_type(mail) not in {None, "delivery-status"}:
        return None
    machine = next(
        (p for p in parts(mail.message) if p.get_content_type() == "message/delivery-status"), None
    )
    if machine is not None:
        return _from_fields(mail, machine)
    if _says_it_is_a_report(mail):
        return _from_prose(mail)
    return None


def kind_of(status: str | None, diagnostic: str | None) -> Kind:
    """Hard only when some code, or the words beside a permanent reply, say so plainly."""
    codes = [status, *_CODE.findall(diagnostic or "")]
    if any(code in HARD for code in codes):
        return "hard"
    if any(code and not code.endswith(".0.0") for code in codes):
        return "soft"
    reply = _REPLY_CODE.search(diagnostic or "")
    is_permanent = (status or "").startswith("5") or (reply and reply[1].startswith("5"))
    return "hard" if is_permanent and _NOBODY.search(diagnostic or "") else "soft"


def _from_fields(mail: Mail, part: Message) -> Report | None:
    blocks = [block for block in _blocks(part) if block.keys() & {"final-recipient", "action"}]
    if not blocks:
        return None
    chosen = next((b for b in blocks if b.get("action", "").lower() == "failed"), blocks[0])
    diagnostic = _after_type(chosen.get("diagnostic-code"))
    status = _first_code(chosen.get("status")) or _first_code(diagnostic)
    original = _original(mail)
    recipient = (
        _after_type(chosen.get("original-recipient"))
        or _after_type(chosen.get("final-recipient"))
        or header(mail.message, "X-Failed-Recipients")
    )
    return Report(
        action=chosen.get("action", "failed").split(" ")[0].lower(),
        kind=kind_of(status, diagnostic),
        status=status,
        recipient=_first_address(recipient),
        diagnostic=diagnostic[:1000] if diagnostic else None,
        message_id=_quoted_id(original),
    )


def _blocks(part: Message) -> list[dict[str, str]]:
    """The field blocks of a status part.

    Python's parser makes each a message of its own; some gateways wrap them once more as text.
    """
    if not part.is_multipart():
        return _text_blocks(text_of(part))
    found: list[dict[str, str]] = []
    for block in inner(part):
        fields = {name.lower(): header(block, name) for name in block.keys()}  # noqa: SIM118
        found.append(fields)
        found += _text_blocks(text_of(block))
    return found


def _text_blocks(text: str) -> list[dict[str, str]]:
    blocks = [message_from_string(each, policy=policy.compat32) for each in text.split("\n\n")]
    return [{name.lower(): header(each, name) for name in each.keys()} for each in blocks]  # noqa: SIM118


def _original(mail: Mail) -> Message | None:
    """The mail that the report is about, whole or only its header."""
    for part in parts(mail.message):
        if part is mail.message:
            continue
        if part.get_content_type() == "message/rfc822":
            quoted = inner(part)
            if quoted:
                return quoted[0]
        if part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
            return message_from_string(text_of(part), policy=policy.compat32)
    return None


def _quoted_id(original: Message | None) -> str | None:
    found = message_ids(header(original, "Message-ID")) if original is not None else []
    return found[0] if found else None


def _report_type(mail: Mail) -> str | None:
    """Of a multipart/report (RFC 6522): what kind it says it is."""
    if mail.message.get_content_type() != "multipart/report":
        return None
    return str(mail.message.get_param("report-type") or "delivery-status").lower()


def _says_it_is_a_report(mail: Mail) -> bool:
    if mail.has("X-Failed-Recipients") or mail.has("X-MS-Exchange-Message-Is-Ndr"):
        return True
    if _report_type(mail) == "delivery-status":
        return True
    from_mailer = _MAILER.match(mail.sender) is not None
    nobody_answers = mail.header("Return-Path") == "<>"
    return (from_mailer or nobody_answers) and _REPORT_SUBJECT.match(mail.subject) is not None


def _from_prose(mail: Mail) -> Report:
    text = plain_text(mail.message)
    said = text.partition("riginal message headers")[0]
    status = _first_code(said)
    diagnostic = next(
        (line.strip() for line in said.splitlines() if _CODE.search(line)),
        next((line.strip() for line in said.splitlines() if _REPLY_CODE.search(line)), None),
    )
    recipient = header(mail.message, "X-Failed-Recipients") or _failed_in(said, mail)
    is_delay = _DELAY.search(mail.subject) is not None
    return Report(
        action="delayed" if is_delay else "failed",
        kind=kind_of(status, diagnostic or said[:2000]),
        status=status,
        recipient=_first_address(recipient),
        diagnostic=diagnostic[:1000] if diagnostic else None,
        message_id=_quoted_id(_original(mail)) or _id_in(text),
    )


def _failed_in(text: str, mail: Mail) -> str | None:
    """An address on a line of its own, else the first one that is not the reader's or mailer's."""
    ours = {mail.sender, _first_address(mail.header("To"))}
    lines = (line.strip(" <>").casefold() for line in text.splitlines())
    alone = [line for line in lines if _addresses(line) == [line]]
    return next((address for address in alone + _addresses(text) if address not in ours), None)


def _id_in(text: str) -> str | None:
    """`Message-ID: <…>` in quoted headers; it may be folded."""
    found = re.search(r"^[> ]*Message-ID:\s*(<[^<>\s]+>)", text, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else None


def _after_type(field: str | None) -> str | None:
    """`rfc822; gone@cust.example` and `smtp; 550 …`: what follows the type."""
    if not field:
        return None
    kind, semicolon, rest = field.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else field.strip()


def _first_code(text: str | None) -> str | None:
    found = _CODE.search(text or "")
    return found[1] if found else None


def _first_address(text: str | None) -> str | None:
    return next(iter(_addresses(text or "")), None)


def _addresses(text: str) -> list[str]:
    """In order. Word by word, because one pattern for all of an address takes hours over a long
    text that is nothing but `a@a@a@`.
    """
    words = (word.rstrip(".").casefold() for word in _WORD.findall(text))
    return [word for word in words if len(word) <= _LONGEST_ADDRESS and _is_address(word)]


def _is_address(word: str) -> bool:
    local, _, domain = word.rpartition("@")
    return bool(local) and "." in domain.strip(".") and not domain.startswith(".")
