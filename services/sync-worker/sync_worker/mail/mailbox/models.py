from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base


class MailFolder(Base):
    """How far a folder has been read. Numbers of mails hold only under their `uid_validity`; when
    the server changes that, all of them are void.
    """

    __tablename__ = "mail_folders"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    folder: Mapped[str] = mapped_column(Text)
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    next_uid: Mapped[int] = mapped_column(
        BigInteger, comment="the first that we have not dealt with"
    )
    server_next_uid: Mapped[int] = mapped_column(BigInteger)
    history_until_uid: Mapped[int] = mapped_column(
        BigInteger, comment="mails before it were there before we looked"
    )
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class MailSeen(Base):
    """A mail that has had its effect, and what it was."""

    __tablename__ = "mails_seen"
    __table_args__ = (
        of_connection(),
        UniqueConstraint(
            "workspace_id", "connection_id", "fingerprint", name="uq_mails_seen_fingerprint"
        ),
        Index(None, "seen_at"),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary,
        comment="of Message-ID and body: the same mail under another uid has no second effect",
    )
    kind: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class RejectedMail(Base):
    """A mail that could not be read. The mails after it were."""

    __tablename__ = "rejected_mails"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    arrived_at: Mapped[datetime] = mapped_column(AT)
    reason: Mapped[str] = mapped_column(Text)
    rejected_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    asked_at: Mapped[datetime | None] = mapped_column(
        AT, comment="since when a person wants it read again"
    )


class ContactAddress(Base):
    """Whom we know by which address: mail of strangers is nobody's business."""

    __tablename__ = "contact_addresses"
    __table_args__ = (Index(None, "workspace_id", "address"),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    address: Mapped[str | None] = mapped_column(
        Text, comment="as shared.mail.addresses makes the key; null once deleted"
    )
    version: Mapped[int] = mapped_column(BigInteger)
