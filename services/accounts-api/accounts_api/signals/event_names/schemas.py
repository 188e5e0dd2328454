from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.schemas import Out

MessageType = TypeAliasType(
    "MessageType",
    Annotated[
        Literal["track", "identify", "group", "page", "screen", "alias", "unknown"],
        Field(
            description="What a message of an SDK says, in Segment's words; `unknown` is whatever"
            " has another type, or none."
        ),
    ],
)
_REFUSAL: dict[str, Any] = {
    "at": "2026-03-02T09:00:00Z",
    "message_id": "node-1714561200-7b22",
    "errors": [
        {
            "pointer": "/batch/0/userId",
            "code": "required",
            "message": "Say who it was: `userId`, `anonymousId` or a group.",
        }
    ],
}


class TrackFault(Out):
    """What is wrong with a message."""

    pointer: str = Field(description="A JSON pointer (RFC 6901) into the body.")
    code: str = Field(description="The kind of fault, which is stable, such as `unsupported_type`.")
    message: str = Field(description="What is wrong and what to do, for people.")


class LastRefusal(Out):
    """A message that was not taken, the last one."""

    at: datetime = Field(description="When it came.")
    message_id: str | None = Field(
        description="Its `messageId` as it was sent, by which the sender finds it; null when there"
        " was none."
    )
    errors: list[TrackFault] = Field(description="Everything that is wrong with the message.")


_ACCEPTED = Field(description="How many were accepted; one that is sent again counts once.")
_REFUSED = Field(description="How many were refused.")
_LAST = Field(description="The last that was refused, and why; null while none was.")


class EventNameOut(Out):
    """A name that product events have."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Report Exported",
                    "first_seen_at": "2026-01-12T10:00:00Z",
                    "accepted": 4711,
                    "refused": 3,
                    "last_refusal": _REFUSAL,
                }
            ]
        }
    )

    name: str = Field(description="The name, by which rules count events.")
    first_seen_at: datetime = Field(
        description="When an event of this name first came, be it refused."
    )
    accepted: int = _ACCEPTED
    refused: int = _REFUSED
    last_refusal: LastRefusal | None = _LAST


class MessageTypeOut(Out):
    """A type of message that SDKs send."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "page", "accepted": 90210, "refused": 0, "last_refusal": None}]
        }
    )

    type: MessageType
    accepted: int = _ACCEPTED
    refused: int = _REFUSED
    last_refusal: LastRefusal | None = _LAST


class MessageTypesOut(Out):
    """Every type of message, and what came of each."""

    data: list[MessageTypeOut] = Field(description="One for each type.")
