"""What the sync worker tells: runs, mail that came in, webhook endpoints that stopped."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import ConfigurationChanged, Event


class SyncRunFinished(Event):
    name: ClassVar[str] = "sync.sync_run_finished.v1"
    public_name: ClassVar[str | None] = "sync_run.finished"

    id: UUID
    connection_id: UUID
    direction: Literal["pull", "push"]
    status: Literal["succeeded", "partial", "failed"]
    reason: str | None
    read: int
    written: int
    rejected: int


class ConnectionNeedsReauth(Event):
    name: ClassVar[str] = "sync.connection_needs_reauth.v1"
    public_name: ClassVar[str | None] = "connection.needs_reauth"

    connection_id: UUID
    system: str
    reason: str


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
    mailbox: str
    message_id: str | None
    recipient: str | None
    kind: Literal["hard", "soft"]
    status: str | None
    diagnostic: str | None
    received_at: datetime


class ReplyReceived(Event):
    """A person answered. `references` holds the Message-IDs the mail answers, nearest first."""

    name: ClassVar[str] = "sync.reply_received.v1"
    public_name: ClassVar[str | None] = "mail.replied"

    connection_id: UUID
    mailbox: str
    message_id: str
    references: list[str]
    sender: str
    subject: str
    received_at: datetime


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
    name: ClassVar[str] = "sync.webhook_endpoint_disabled.v1"
    public_name: ClassVar[str | None] = "webhook_endpoint.disabled"

    id: UUID
    url_host: str
    reason: str


class SyncConfigured(ConfigurationChanged):
    name: ClassVar[str] = "sync.configuration_changed.v1"
    service: ClassVar[str] = "sync"
