"""The states of a mail, and the name it has for all time."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

MessageState = TypeAliasType(
    "MessageState",
    Annotated[
        Literal[
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
        ],
        Field(
            description="`scheduled`: to come. `dispatching`: being handed over. `sent`: the server"
            " took it. `unknown`: nobody could say whether it did. `held`: a person is"
            " needed. `failed`: it was refused for good. `cancelled`: its enrollment"
            " stopped first. `suppressed`: its address is not written to. `expired`: it"
            " did not leave before the send deadline. `skipped`: its step was passed over."
        ),
    ],
)
MessagePhase = TypeAliasType(
    "MessagePhase",
    Annotated[
        Literal["connecting", "body_started"],
        Field(
            description="How far a mail is that is being handed over: `connecting` is certainly not"
            " handed over yet, `body_started` may be."
        ),
    ],
)
OPEN: tuple[MessageState, ...] = ("scheduled", "dispatching", "unknown", "held")
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
