from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from accounts_api.signals.event_names.schemas import TrackFault
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

_EVENT: dict[str, Any] = {
    "messageId": "node-1714561200-7b21",
    "userId": "u-4711",
    "event": "Report Exported",
    "properties": {"rows": 120},
    "context": {"groupId": "crm-1001"},
    "timestamp": "2026-03-02T08:59:58.000Z",
}


class MessageIn(In):
    """What every message of Segment's libraries may have."""

    type: str | None = Field(
        default=None, max_length=100, description="What it is, as its path says, or left out."
    )
    messageId: Identity | None = Field(  # noqa: N815  (Segment's names)
        default=None,
        description="A message is taken once per message id, however often it is sent. Without"
        " it, every request counts.",
    )
    userId: Identity | None = Field(  # noqa: N815
        default=None,
        description="The contact's `external_id`, else its e-mail address.",
    )
    anonymousId: Identity | None = Field(  # noqa: N815
        default=None,
        description="The sender's id of somebody who has not signed in. What they do is stored,"
        " and counts for no contact.",
    )
    context: Bag | None = Field(
        default=None,
        description="What the sender's library says of itself. Of it `groupId` and `traits.email`"
        " are used.",
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
        description="What time it is now, by the sender's clock, which corrects the time of what"
        " happened.",
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
        description="A key that may send product events and nothing else, where no header has one.",
    )


class TrackIn(MessageIn):
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

    event: EventName = Field(description="What happened; rules count events by this name.")
    groupId: Identity | None = Field(  # noqa: N815
        default=None, description="The account's `external_id`; `context.groupId` comes first."
    )
    properties: Bag | None = Field(
        default=None, description="What else the sender says of it; stored as it is."
    )


class IdentifyIn(MessageIn):
    """Who a user is. Traits that the workspace has mapped are written to the contact, once it is
    there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"userId": "u-4711", "traits": {"email": "grace@acme.example", "jobTitle": "CTO"}}
            ]
        }
    )

    traits: Bag | None = Field(default=None, description="What is known of the user.")


class GroupIn(MessageIn):
    """What a group is. Traits that the workspace has mapped are written to the account, once it is
    there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"userId": "u-4711", "groupId": "crm-1001", "traits": {"seats": 50}}]
        }
    )

    groupId: Identity = Field(description="The account's `external_id`.")  # noqa: N815
    traits: Bag | None = Field(default=None, description="What is known of the group.")


class PageIn(MessageIn):
    """A page that somebody looked at. It is counted among the types of messages."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"anonymousId": "a-1", "name": "Pricing"}]}
    )

    name: str | None = Field(default=None, max_length=1_000, description="The page; not used.")
    category: str | None = Field(
        default=None, max_length=1_000, description="Of what kind it is; not used."
    )
    properties: Bag | None = Field(default=None, description="Of the page; not used.")


class ScreenIn(PageIn):
    """A screen of an app that somebody looked at. It is counted among the types of messages."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"userId": "u-4711", "name": "Home"}]}
    )

    name: str | None = Field(default=None, max_length=1_000, description="The screen; not used.")
    properties: Bag | None = Field(default=None, description="Of the screen; not used.")


class AliasIn(MessageIn):
    """That a user had another id before. It is counted among the types of messages: which records
    are one is said by merging them.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"userId": "u-4711", "previousId": "a-1"}]}
    )

    previousId: Identity | None = Field(  # noqa: N815
        default=None, description="The id from before; not used."
    )


class BrowserMessageIn(In):
    """A message, as Segment's library for browsers sends it: JSON, whatever media type it says."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{**_EVENT, "groupId": "acme", "writeKey": "tnr_live_…"}]},
    )

    writeKey: str | None = Field(  # noqa: N815
        default=None,
        max_length=1_000,
        description="A key that may send product events and nothing else, where no header has one.",
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
        description="A key that may send product events and nothing else, where no header has one.",
    )


class BrowserBatchIn(BatchIn):
    """Messages of a browser, whatever else stands beside them."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"batch": [{"type": "track", **_EVENT}], "writeKey": "tnr_live_…"}]
        },
    )


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
                                    "message": "Send track, identify, group, page, screen or"
                                    " alias, not 'trak'.",
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
        description="How many of the events accepted speak of a contact or an account that is not"
        " here yet; they are attached when it comes."
    )
    refused: list[RefusedEvent] = Field(
        description="The messages that were not taken, each with its reasons."
    )
