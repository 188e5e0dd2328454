from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from shared.schemas import In, OneLine, Out

MAX_ITEMS = 2_500
MAX_ITEM_BYTES = 32 * 1024


def _as_text(value: Any) -> Any:
    """SDKs send the ids of their users as numbers, too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _in_utc(value: datetime) -> datetime:
    """A time without an offset is UTC, as the SDKs mean it."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("This instant is outside the calendar.") from error


Identity = Annotated[
    str,
    BeforeValidator(_as_text, json_schema_input_type=str | int),
    Field(min_length=1, max_length=255, pattern=r"\S"),
]
EventName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), OneLine]
SentTime = Annotated[datetime, AfterValidator(_in_utc)]
Bag = dict[str, Any]

_ACCOUNT = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"
_CONTACT = "0198c0de-0004-7a3b-8c4d-5e6f708192a3"
_EVENT: dict[str, Any] = {
    "messageId": "node-1714561200-7b21",
    "userId": "u-4711",
    "event": "Report Exported",
    "properties": {"rows": 120},
    "context": {"groupId": "crm-1001"},
    "timestamp": "2026-03-02T08:59:58.000Z",
}


class TrackIn(In):
    """One event, as Segment's libraries send it. `userId`, `anonymousId` or a group must be there;
    what our own rules do not use is taken and left.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_EVENT, "sentAt": "2026-03-02T09:00:00.000Z"},
                {"userId": "grace@acme.example", "event": "login"},
            ]
        }
    )

    type: str | None = Field(default=None, max_length=100, description="`track`, or left out.")
    messageId: Identity | None = Field(  # noqa: N815  (Segment's names)
        default=None,
        description="An event is counted once per message id, however often it is sent. Without"
        " it, every request counts.",
    )
    userId: Identity | None = Field(  # noqa: N815
        default=None,
        description="The contact's `external_id`, else its e-mail address.",
    )
    anonymousId: Identity | None = Field(  # noqa: N815
        default=None,
        description="The sender's id of somebody who has not signed in. The event is stored, and"
        " counts for no contact.",
    )
    groupId: Identity | None = Field(  # noqa: N815
        default=None, description="The account's `external_id`; `context.groupId` comes first."
    )
    event: EventName = Field(description="What happened; rules count events by this name.")
    properties: Bag | None = Field(
        default=None, description="What else the sender says of it; stored as it is."
    )
    context: Bag | None = Field(
        default=None,
        description="What the sender's library says of itself. Of it only `groupId` is used.",
    )
    integrations: Bag | None = Field(
        default=None, description="Taken as Segment's libraries send it, and not used."
    )
    timestamp: SentTime | None = Field(
        default=None, description="When it happened, by the sender's clock."
    )
    originalTimestamp: SentTime | None = Field(  # noqa: N815
        default=None,
        description="When it happened, by the sender's clock; goes before `timestamp`.",
    )
    sentAt: SentTime | None = Field(  # noqa: N815
        default=None,
        description="What time it is now, by the sender's clock, which corrects the time of the"
        " event.",
    )
    receivedAt: SentTime | None = Field(  # noqa: N815
        default=None, description="Taken as Segment's libraries send it, and not used."
    )
    channel: str | None = Field(
        default=None,
        max_length=100,
        description="Taken as Segment's libraries send it, and not used.",
    )
    writeKey: str | None = Field(  # noqa: N815
        default=None,
        max_length=1_000,
        description="Taken as Segment's libraries send it, and not used: the key is in the header.",
    )


class BatchIn(In):
    """Up to 2,500 messages. `context` is merged into each of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch": [{"type": "track", **_EVENT}],
                    "sentAt": "2026-03-02T09:00:00.000Z",
                    "context": {"library": {"name": "analytics-node", "version": "2.1.0"}},
                }
            ]
        }
    )

    batch: list[Any] = Field(
        min_length=1,
        max_length=MAX_ITEMS,
        description="Messages with a `type`. Each is taken or refused by itself.",
    )
    sentAt: SentTime | None = Field(  # noqa: N815
        default=None,
        description="What time it is now, by the sender's clock, which corrects the time of every"
        " message.",
    )
    timestamp: SentTime | None = Field(
        default=None, description="When it happened, of messages that do not say it themselves."
    )
    context: Bag | None = Field(
        default=None, description="Merged into the context of each message."
    )
    integrations: Bag | None = Field(
        default=None, description="Taken as Segment's libraries send it, and not used."
    )
    writeKey: str | None = Field(  # noqa: N815
        default=None,
        max_length=1_000,
        description="Taken as Segment's libraries send it, and not used: the key is in the header.",
    )


class TrackFault(Out):
    """What is wrong with a message."""

    pointer: str = Field(description="A JSON pointer (RFC 6901) into the body.")
    code: str = Field(description="The kind of fault, which is stable, such as `unsupported_type`.")
    message: str = Field(description="What is wrong and what to do, for people.")


class RefusedEvent(Out):
    """A message that was not taken."""

    index: int = Field(description="The place of the message in `batch`, from 0.")
    message_id: str | None = Field(
        description="Its `messageId` as it was sent, by which the sender finds it; null when there"
        " was none."
    )
    errors: list[TrackFault] = Field(description="Everything that is wrong with the message.")


class TrackOut(Out):
    """What became of the messages. `success` is true whenever the request could be read, because
    Segment's libraries send again what is not.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"success": True, "accepted": 1, "duplicates": 0, "unmatched": 0, "refused": []},
                {
                    "success": True,
                    "accepted": 0,
                    "duplicates": 0,
                    "unmatched": 0,
                    "refused": [
                        {
                            "index": 0,
                            "message_id": "node-1714561200-7b22",
                            "errors": [
                                {
                                    "pointer": "/batch/0/type",
                                    "code": "unsupported_type",
                                    "message": "Only `track` is taken yet, not 'identify'.",
                                }
                            ],
                        }
                    ],
                },
            ]
        }
    )

    success: bool = Field(
        description="True whenever the request could be read, because Segment's libraries send"
        " again what is not."
    )
    accepted: int = Field(description="How many messages were stored now.")
    duplicates: int = Field(
        description="How many messages were stored before under the same message id."
    )
    unmatched: int = Field(
        description="How many of those accepted speak of a contact or an account that is not here"
        " yet; they are attached when it comes."
    )
    refused: list[RefusedEvent] = Field(
        description="The messages that were not taken, each with its reasons."
    )


class ProductEventOut(Out):
    """A product event: something that somebody did in the product."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0300-7a3b-8c4d-5e6f708192a3",
                    "message_id": _EVENT["messageId"],
                    "name": "Report Exported",
                    "contact_id": _CONTACT,
                    "account_id": _ACCOUNT,
                    "properties": {"rows": 120},
                    "happened_at": "2026-03-02T08:59:58Z",
                    "received_at": "2026-03-02T09:00:00.120000Z",
                }
            ]
        }
    )

    id: UUID
    message_id: str = Field(
        description="The id that the sender gave it, or one that was made for it."
    )
    name: str = Field(description="What happened; rules count events by this name.")
    contact_id: UUID | None = Field(description="The contact who did it; null while none is known.")
    account_id: UUID | None = Field(
        description="The account in which it was done; null while none is known."
    )
    properties: Bag = Field(description="What else the sender said of it.")
    happened_at: datetime = Field(
        description="When it happened, corrected by the skew of the sender's clock."
    )
    received_at: datetime = Field(description="When Tenure received it, by the real clock.")


class EventNameOut(Out):
    """A name that product events have."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Report Exported", "first_seen_at": "2026-01-12T10:00:00Z"}]
        }
    )

    name: str = Field(description="The name, by which rules count events.")
    first_seen_at: datetime = Field(description="When an event of this name first came.")
