"""The states of a mail, the name it has for all time, and what a rule may ask of it."""

import re
from typing import Annotated, Final, Literal
from uuid import UUID

import pydantic
from typing_extensions import TypeAliasType

from shared.rules.types.catalog import Field, FieldType, RecordType
from shared.value_types import literals

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
        pydantic.Field(
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
        pydantic.Field(
            description="How far a mail is that is being handed over: `connecting` is certainly not"
            " handed over yet, `body_started` may be."
        ),
    ],
)
MESSAGE: Final = RecordType(
    "message",
    "messages",
    (
        Field("id", FieldType.ID),
        Field("enrollment_id", FieldType.ID),
        Field("sequence_id", FieldType.ID),
        Field("sequence_title", FieldType.TEXT),
        Field("step_id", FieldType.ID),
        Field("step_title", FieldType.TEXT),
        Field("opportunity_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("contact_id", FieldType.ID),
        Field("state", FieldType.SELECT, options=literals(MessageState)),
        Field("phase", FieldType.SELECT, options=literals(MessagePhase)),
        Field("due_at", FieldType.DATETIME),
        Field("retry_at", FieldType.DATETIME),
        Field("attempts", FieldType.NUMBER),
        Field("mailbox_id", FieldType.ID),
        Field("sender", FieldType.TEXT),
        Field("recipient", FieldType.TEXT),
        Field("subject", FieldType.TEXT),
        Field("internet_message_id", FieldType.TEXT),
        Field("reason", FieldType.TEXT),
        Field("detail", FieldType.TEXT),
        Field("sent_at", FieldType.DATETIME),
        Field("bounced_at", FieldType.DATETIME),
        Field("superseded_at", FieldType.DATETIME),
        Field("created_at", FieldType.DATETIME),
        Field("updated_at", FieldType.DATETIME),
    ),
    elsewhere={
        **{name: f"{name}_id" for name in ("account", "contact", "opportunity")},
        **{name: f"{name}_id" for name in ("enrollment", "sequence", "mailbox")},
    },
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
