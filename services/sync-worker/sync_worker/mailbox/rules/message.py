"""Reads a mail as it came, however badly it was written. Nothing here raises for a strange mail."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_DEEPEST = 12
_LONGEST_TEXT = 200_000


@dataclass(frozen=True)
class Mail:
    message: Message
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Mail":
        try:
            return cls(message_from_bytes(raw, policy=policy.compat32), raw)
        except RecursionError:  # thousands of parts within each other: its header must do
            head = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)
            head.replace_header("Content-Type", "text/plain")
            return cls(head, raw)

    def header(self, name: str) -> str:
        return header(self.message, name)

    def has(self, name: str) -> bool:
        return name in self.message

    @property
    def sender(self) -> str:
        try:
            return parseaddr(self.header("From"))[1].strip().casefold()
        except RecursionError:  # hundreds of comments within each other
            return ""

    @property
    def subject(self) -> str:
        return " ".join(self.header("Subject").split())[:500]

    @property
    def message_id(self) -> str | None:
        found = message_ids(self.header("Message-ID"))
        return found[0] if found else None

    @property
    def answers(self) -> list[str]:
        """Message-IDs that this mail answers, nearest first."""
        near = message_ids(self.header("In-Reply-To"))
        thread = message_ids(self.header("References"))
        return list(dict.fromkeys([*near, *reversed(thread)]))

    @property
    def fingerprint(self) -> bytes:
        """The same for two copies of a mail, which differ only in the traces above."""
        body = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        name = (self.message_id or "").encode("utf-8", "replace")
        return hashlib.sha256(name + b"\0" + body).digest()


def header(message: Message, name: str) -> str:
    """Unfolded and decoded (RFC 2047); what cannot be decoded stays as it is."""
    given = message.get(name)
    if given is None:
        return ""
    text = re.sub(r"\r?\n[ \t]*", " ", str(given))
    try:
        return storable(str(make_header(decode_header(text)))).strip()
    except Exception:  # noqa: BLE001  (the library has a kind of error for every kind of damage)
        return storable(text).strip()


def storable(text: str) -> str:
    """Without what UTF-8 or PostgreSQL cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def message_ids(text: str) -> list[str]:
    return _MESSAGE_ID.findall(text)


def parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """Every part, outermost first; attached mails are parts and so are theirs."""
    yield message
    if depth < _DEEPEST:
        for part in inner(message):
            yield from parts(part, depth + 1)


def inner(message: Message) -> list[Message]:
    """The parts right within; a leaf has none, and is not asked for its text."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]


def text_of(part: Message) -> str:
    """The text of a leaf, in its charset or in one that fits."""
    try:
        text = _decoded(part)
    except Exception:  # noqa: BLE001  (a charset may be anything, and the library believes it)
        return ""
    return storable(text.replace("\r\n", "\n"))[:_LONGEST_TEXT]


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""  # not a leaf
    try:
        return payload.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeError):
        return payload.decode("windows-1252", "replace")


def plain_text(message: Message) -> str:
    """All plain text of a mail, without that of attached mails."""
    found = [
        text_of(part)
        for part in _own_parts(message)
        if part.get_content_type() == "text/plain" and not part.is_multipart()
    ]
    return "\n".join(found)[:_LONGEST_TEXT]


def _own_parts(message: Message, depth: int = 0) -> Iterator[Message]:
    yield message
    if depth < _DEEPEST and message.get_content_maintype() != "message":
        for part in inner(message):
            yield from _own_parts(part, depth + 1)
