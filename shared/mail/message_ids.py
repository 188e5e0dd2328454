"""Message-IDs (RFC 5322, 3.6.4) of the mails that Tenure sends.

Each holds the workspace and the message, so that a reader of a mailbox can tell an answer to one of
our mails from a private thread, even before it is known whether that mail was sent.
"""

import re
from uuid import UUID

_FORM = r"([0-9a-f]{32})\.[0-9a-f]{32}@[^<>\s\"'(),;]+"
_OURS = re.compile(rf"^<{_FORM}>$")
_ANYWHERE = re.compile(rf"(?<![0-9a-f]){_FORM}", re.IGNORECASE)


def own_message_id(workspace_id: UUID, message_id: UUID, domain: str) -> str:
    return f"<{workspace_id.hex}.{message_id.hex}@{domain}>"


def is_own(workspace_id: UUID, internet_message_id: str) -> bool:
    match = _OURS.match(internet_message_id.strip().lower())
    return match is not None and match[1] == workspace_id.hex


def is_message_id(word: str) -> bool:
    """Whether a word in the form of an address names a mail that Tenure sent."""
    return _ANYWHERE.fullmatch(word) is not None


def own_in(workspace_id: UUID, text: str) -> list[str]:
    """The Message-IDs of the workspace anywhere in a text, without repetition."""
    message_ids = (f"<{match[0].lower().rstrip('.')}>" for match in _ANYWHERE.finditer(text))
    return [name for name in dict.fromkeys(message_ids) if is_own(workspace_id, name)]
