"""Reads a mail as it came, however badly it was written. Nothing here raises for a strange mail."""

import base64
import binascii
import contextlib
import hashlib
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from html import unescape
from itertools import islice

import nh3

from shared.mail.addresses import email_key

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_IN_ANGLES = re.compile(r"<\s*([^<>\s@]+@[^<>\s@]+)\s*>")
_DEEPEST = 12
_MOST_PARTS = 1_000
_LONGEST_TEXT = 200_000
_LONGEST_HEADER = 20_000
"""Characters; libraries take minutes over a megabyte of names."""
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "windows-1252",
    "us-ascii": "utf-8",
}
"""Charsets that mails name, and what their programs really write."""


@dataclass(frozen=True)
class Mail:
    message: Message
    raw: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Mail":
        try:
            return cls(message_from_bytes(raw, policy=policy.compat32), raw)
        except RecursionError:  # thousands of parts within each other: its header must do
            head = header_of(raw)
            head.replace_header("Content-Type", "text/plain")
            return cls(head, raw)

    def header(self, name: str) -> str:
        return header(self.message, name)

    def headers(self, name: str) -> list[str]:
        return [decoded(value) for value in _raw_values(self.message, name)]

    def has(self, name: str) -> bool:
        return name in self.message

    @property
    def sender(self) -> str:
        """Of a mail that a list has sent in its own name: who wrote it."""
        names = ("X-Original-From", "X-Original-Sender", "From")
        return next((found for name in names if (found := address(self.message, name))), "")

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
        near = answered_ids(self.header("In-Reply-To"))
        thread = answered_ids(self.header("References"))
        return list(dict.fromkeys([*near, *reversed(thread)]))

    @property
    def fingerprint(self) -> bytes:
        """The same for two copies of a mail, which differ only in the traces above."""
        body = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        unnamed = "\n".join(self.header(name) for name in ("From", "Date", "Subject"))
        name = self.message_id or unnamed
        return hashlib.sha256(name.encode("utf-8", "replace") + b"\0" + body).digest()


def header(message: Message, name: str) -> str:
    """Unfolded and decoded (RFC 2047); what cannot be decoded stays as it is."""
    return next((decoded(value) for value in _raw_values(message, name)), "")


def address(message: Message, name: str) -> str:
    """The address that a header holds. It is found before words are decoded, because the comma
    that an encoded name hides divides nothing.
    """
    for given in _raw_values(message, name):
        for text in (given, decoded(given)):
            found = _address_in(text)
            if found:
                return found
    return ""


def _address_in(text: str) -> str:
    try:
        found = parseaddr(text)[1].strip()
    except RecursionError:  # hundreds of comments within each other
        return ""
    if "@" not in found:  # a name that should have been quoted
        in_angles = _IN_ANGLES.findall(text)
        found = in_angles[-1] if in_angles else ""
    return email_key(found) or storable(found).casefold()


def _raw_values(message: Message, name: str) -> Iterator[str]:
    """Unfolded but not decoded; bytes beyond ASCII are read as UTF-8 if they are that."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            octets = str(value)[:_LONGEST_HEADER].encode("utf-8", "surrogateescape")
            yield re.sub(r"\r?\n[ \t]*", " ", _text(octets))


def decoded(text: str) -> str:
    """Words of RFC 2047 as they are read; what cannot be decoded stays as it is."""
    try:
        return storable("".join(_text_of_word(*each) for each in decode_header(text))).strip()
    except Exception:  # noqa: BLE001  (the library has a kind of error for every kind of damage)
        return storable(text).strip()


def _text_of_word(word: bytes | str, charset: str | None) -> str:
    return word if isinstance(word, str) else _text(word, charset)


def _text(octets: bytes, charset: str | None = None) -> str:
    named = (charset or "utf-8").lower()
    for each in (_WIDER.get(named, named), "utf-8"):
        with contextlib.suppress(LookupError, UnicodeError, ValueError):
            return octets.decode(each)
    return octets.decode("windows-1252", "replace")


def storable(text: str) -> str:
    """Without what UTF-8 or PostgreSQL cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def message_ids(text: str) -> list[str]:
    return _MESSAGE_ID.findall(text)


def answered_ids(text: str) -> list[str]:
    """Also those that lost their brackets on the way."""
    bare = (word.strip("<>") for word in text.split() if "@" in word)
    return message_ids(text) or [f"<{word}>" for word in bare if word]


def inner(message: Message) -> list[Message]:
    """The parts right within; a leaf has none, and is not asked for its text."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]


def own_parts(message: Message) -> Iterator[Message]:
    """Every part, outermost first; an attached mail is one part, and its parts are its own."""
    return islice(_own_parts(message, 0), _MOST_PARTS)


def _own_parts(message: Message, depth: int) -> Iterator[Message]:
    yield message
    if depth < _DEEPEST and message.get_content_maintype() != "message":
        for part in inner(message):
            yield from _own_parts(part, depth + 1)


def octets_of(part: Message) -> bytes:
    """What a part holds. The library takes kinds of `message` apart without undoing their transfer
    encoding, so they are put together again first.
    """
    if not part.is_multipart():
        payload = part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""
    raw = b"\n".join(_as_it_came(child) for child in inner(part))
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding == "base64":
        try:
            return base64.b64decode(raw)
        except binascii.Error:
            return raw
    return quopri.decodestring(raw) if encoding == "quoted-printable" else raw


def _as_it_came(part: Message) -> bytes:
    """Its header, and the text of a leaf. The library would fold the header anew, for minutes."""
    head = "".join(f"{name}: {value}\n" for name, value in part.raw_items())
    body = b"" if part.is_multipart() else part.get_payload(decode=True)
    return (
        head.encode("utf-8", "surrogateescape") + b"\n" + (body if isinstance(body, bytes) else b"")
    )


def header_of(raw: bytes) -> Message:
    return BytesHeaderParser(policy=policy.compat32).parsebytes(raw)


def text_of(part: Message) -> str:
    """The text of a part, in its charset or in one that fits."""
    try:
        text = _text(octets_of(part), part.get_content_charset())
    except Exception:  # noqa: BLE001  (a charset may be anything, and the library believes it)
        return ""
    return storable(text.replace("\r\n", "\n"))[:_LONGEST_TEXT]


def plain_text(message: Message) -> str:
    """All text of a mail, without that of attached mails; HTML only where there is no plain one."""
    leaves = [part for part in own_parts(message) if not part.is_multipart()]
    # Of a multipart that never began, because its boundary is wrong, all is text.
    plain = [
        text_of(part)
        for part in leaves
        if part.get_content_type() == "text/plain" or part.get_content_maintype() == "multipart"
    ]
    if any(text.strip() for text in plain):
        return "\n".join(plain)[:_LONGEST_TEXT]
    html = [text_of(part) for part in leaves if part.get_content_type() == "text/html"]
    return _without_markup("\n".join(html))[:_LONGEST_TEXT]


def _without_markup(html: str) -> str:
    lines = re.sub(r"(?i)<(?:br|/p|/div|/tr|/li)\b", r"\n\g<0>", html)
    return unescape(nh3.clean(lines, tags=set(), clean_content_tags={"script", "style", "title"}))
