"""The states of a mail, and the name it has for all time."""

import re
from typing import Literal
from uuid import UUID

State = Literal[
    "scheduled",
    "dispatching",
    "sent",
    "unknown",
    "held",
    "failed",
    "cancelled",
    "suppressed",
    "expired",
    "skipped",
]
Phase = Literal["connecting", "body_started"]
"""Of one that is being handed over: `body_started` may have left."""
OPEN: tuple[State, ...] = ("scheduled", "dispatching", "unknown", "held")
"""The enrollment waits for it."""

_MESSAGE_ID = re.compile(r"<?\s*([^<>\s]+@[^<>\s]+)\s*>?")


def internet_message_id(workspace_id: UUID, message_id: UUID, sender: str) -> str:
    """The same for every attempt, so that whoever finds it in a mailbox has proof of this mail."""
    domain = sender.rpartition("@")[2].encode("idna").decode().lower()
    return f"<{workspace_id.hex}.{message_id.hex}@{domain}>"


def normal_message_id(text: str | None) -> str | None:
    """As we write it, however a report or a reply quotes it."""
    match = _MESSAGE_ID.search(text or "")
    return f"<{match[1]}>" if match else None
