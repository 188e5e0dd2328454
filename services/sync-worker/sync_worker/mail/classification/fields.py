"""The machine part of a delivery report (RFC 3464, RFC 6533): fields in blocks, one of the mail
and one of each recipient.
"""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from sync_worker.mail.classification.message import decoded, octets_of, storable, text_of
from sync_worker.mail.classification.prose import addresses_in

_TYPES: Final = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/x-delivery-status",
        "message/xdelivery-status",
        "text/delivery-status",
        "text/x-delivery-status",
        "application/delivery-status",
    }
)
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_FAILED: Final = frozenset({"", "failed", "failure", "fail", "expired", "error", "bounced"})
_ARRIVED: Final = frozenset({"delivered", "relayed", "expanded"})
_MOST_BLOCKS = 500
_LONGEST_VALUE = 4_000


@dataclass(frozen=True)
class Fields:
    """Of one recipient."""

    action: str
    status: str | None
    final_recipient: str | None
    original_recipient: str | None
    diagnostic: str | None

    @property
    def has_arrived(self) -> bool:
        return self.action in _ARRIVED


def is_status_part(part: Message) -> bool:
    """By its type, or a text part that begins with such fields."""
    kind = part.get_content_type()
    if kind in _TYPES:
        return True
    if kind not in {"text/plain", "application/octet-stream"} or part.is_multipart():
        return False
    beginning = _blocks(text_of(part)[:4_000])[:3]
    return any("final-recipient" in block for block in beginning)


def status_text(part: Message) -> str:
    """The library knows one type of such parts only, and takes even that one apart before its
    transfer encoding is undone; so the fields are read from the text.
    """
    octets = octets_of(part)
    try:
        return storable(octets.decode())
    except UnicodeError:
        return storable(octets.decode("windows-1252", "replace"))


def recipient_fields(text: str) -> list[Fields]:
    return [
        _recipient(block)
        for block in _blocks(text)
        if block.keys() & {"final-recipient", "original-recipient"}
    ]


def _recipient(block: dict[str, str]) -> Fields:
    status = block.get("status")
    return Fields(
        action=_action(block, status or ""),
        status=status,
        final_recipient=_address(block.get("final-recipient")),
        original_recipient=_address(block.get("original-recipient")),
        diagnostic=_after_type(block.get("diagnostic-code")),
    )


def _action(block: dict[str, str], status: str) -> str:
    words = re.findall(r"[a-z]+", block.get("action", "").lower())
    action = words[0] if words else ""
    if action not in _FAILED:
        return action
    if not action and status.startswith("2"):
        return "delivered"
    return "delayed" if not action and "will-retry-until" in block else "failed"


def _blocks(text: str) -> list[dict[str, str]]:
    """Fields between empty lines."""
    parts = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))
    return [_fields(block) for block in parts[:_MOST_BLOCKS]]


def _fields(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", block.strip("\n")).split("\n"):
        name, colon, value = line.partition(":")
        if colon and " " not in name.strip():
            found.setdefault(name.strip().lower(), decoded(value.strip()[:_LONGEST_VALUE]))
    return found


def _after_type(field: str | None) -> str | None:
    """`rfc822; gone@cust.example` and `smtp; 550 …`: what follows the type."""
    if not field:
        return None
    kind, semicolon, rest = field.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else field.strip()


def _address(field: str | None) -> str | None:
    r"""RFC 6533 writes `m\x{FC}ller` where a mail system takes only ASCII."""
    plain = _ESCAPED.sub(_unescaped, _after_type(field) or "")
    return next(iter(addresses_in(plain)), None)


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""  # noqa: PLR2004
