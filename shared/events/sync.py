"""What the sync worker tells: runs, mail that came in, webhook endpoints that stopped."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.base import ConfigurationChanged, Event
from shared.events.product_events import ProductEventsWatched

SyncDirection = TypeAliasType(
    "SyncDirection",
    Annotated[
        Literal["pull", "push"],
        Field(description="`pull` reads from the other system, `push` writes to it."),
    ],
)
SyncRunOutcome = TypeAliasType(
    "SyncRunOutcome",
    Annotated[
        Literal["succeeded", "partial", "failed"],
        Field(
            description="How a sync run ended. `partial`: it kept what it could, or set single"
            " records"
            " aside."
        ),
    ],
)
BounceKind = TypeAliasType(
    "BounceKind",
    Annotated[
        Literal["hard", "soft"],
        Field(
            description="`hard`: the address does not take mail. `soft`: it does not for the"
            " moment."
        ),
    ],
)


class SyncRunFinished(Event):
    """A sync run has ended. Runs that found nothing new are not told of."""

    name: ClassVar[str] = "sync.sync_run_finished.v1"
    public_name: ClassVar[str | None] = "sync_run.finished"

    id: UUID
    connection_id: UUID
    direction: SyncDirection
    status: SyncRunOutcome
    reason: str | None = Field(description="Why it did not do everything; null: it did.")
    read: int = Field(description="Records that were read.")
    written: int = Field(description="Records that were written.")
    rejected: int = Field(description="Records that could not be taken over.")


class ConnectionNeedsReauth(Event):
    """Another system refuses the credentials of a connection. Nothing is read until new ones are
    given.
    """

    name: ClassVar[str] = "sync.connection_needs_reauth.v1"
    public_name: ClassVar[str | None] = "connection.needs_reauth"

    connection_id: UUID
    system: str = Field(description="The system that it connects, such as `salesforce`.")
    reason: str = Field(description="What the system said, for people.")


class FieldOwnersChanged(Event):
    """What a connection writes on the records that came from its system: names of fields, such as
    `arr` or `traits.tier`, by type of record. Empty for one that was removed. `version` grows.
    """

    name: ClassVar[str] = "sync.field_owners_changed.v1"

    connection_id: UUID
    system: str
    title: str
    fields: dict[str, list[str]]
    version: int


class BounceReceived(Event):
    """A delivery status notification (RFC 3464) for a mail of ours came back.

    `message_id` is the Message-ID of the bounced mail with its angle brackets, when the report
    quotes it; `status` is the enhanced status code (RFC 3463).
    """

    name: ClassVar[str] = "sync.bounce_received.v1"
    public_name: ClassVar[str | None] = "mail.bounced"

    connection_id: UUID
    mailbox: str = Field(description="The address whose mailbox it came to.")
    message_id: str | None = Field(
        description="The Message-ID of the mail that came back, with its angle brackets; null: it"
        " is"
        " not said."
    )
    recipient: str | None = Field(
        description="The address that did not take the mail; null: it is not said."
    )
    kind: BounceKind
    status: str | None = Field(
        description="The enhanced status code (RFC 3463), such as `5.1.1`; null: it is not said."
    )
    diagnostic: str | None = Field(description="What the other server said; null: nothing.")
    received_at: datetime = Field(description="When it came, in UTC.")


class ReplyReceived(Event):
    """A person answered. `references` holds the Message-IDs the mail answers, nearest first."""

    name: ClassVar[str] = "sync.reply_received.v1"
    public_name: ClassVar[str | None] = "mail.replied"

    connection_id: UUID
    mailbox: str = Field(description="The address whose mailbox it came to.")
    message_id: str = Field(description="The Message-ID of the reply, with its angle brackets.")
    references: list[str] = Field(
        description="The Message-IDs of the mails that it answers, nearest first."
    )
    sender: str = Field(description="The address of who wrote it.")
    subject: str = Field(description="The subject of the reply.")
    received_at: datetime = Field(description="When it came, in UTC.")


class PersonalMailReceived(Event):
    """A person among the contacts wrote, and the mail names no other that it answers. Whether it
    answers one of ours is known to who sent ours. `recipients` are the addresses in To and Cc,
    as `email_key` makes them.
    """

    name: ClassVar[str] = "sync.personal_mail_received.v1"

    connection_id: UUID
    mailbox: str
    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    received_at: datetime


class AutoReplyReceived(Event):
    """A machine answered (out of office, RFC 3834): neither a bounce nor a reply."""

    name: ClassVar[str] = "sync.auto_reply_received.v1"

    connection_id: UUID
    mailbox: str
    message_id: str
    references: list[str]
    sender: str
    subject: str
    received_at: datetime


class WebhookEndpointDisabled(Event):
    """An endpoint that could not be reached for long, or answered 410, was disabled."""

    name: ClassVar[str] = "sync.webhook_endpoint_disabled.v1"
    public_name: ClassVar[str | None] = "webhook_endpoint.disabled"

    id: UUID
    url_host: str = Field(description="The host of its address.")
    reason: str = Field(description="Why it was disabled, for people.")


class SyncWatchesProductEvents(ProductEventsWatched):
    name: ClassVar[str] = "sync.product_events_watched.v1"
    service: ClassVar[str] = "sync"


class SyncConfigured(ConfigurationChanged):
    name: ClassVar[str] = "sync.configuration_changed.v1"
    service: ClassVar[str] = "sync"
