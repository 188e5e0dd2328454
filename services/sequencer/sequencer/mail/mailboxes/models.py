from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from sequencer.db import Base
from shared.columns import AT, NOW


class Mailbox(Base):
    """An address that sequences send from, and the account at its SMTP server.

    The password is sealed to this row and leaves the service in an AUTH command only.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        UniqueConstraint("workspace_id", "address"),
        CheckConstraint("smtp_tls in ('implicit', 'starttls', 'opportunistic')", name="smtp_tls"),
        CheckConstraint("state in ('active', 'paused')", name="state"),
        Index(None, "workspace_id", "member_id"),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    email: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str] = mapped_column(Text)
    smtp_host: Mapped[str] = mapped_column(Text)
    smtp_port: Mapped[int] = mapped_column(BigInteger)
    smtp_tls: Mapped[str] = mapped_column(Text)
    smtp_username: Mapped[str | None] = mapped_column(Text)
    smtp_password: Mapped[bytes | None] = mapped_column(BYTEA)
    daily_cap: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default=text("'active'"))
    pause_reason: Mapped[str | None] = mapped_column(Text)
    spent_on: Mapped[date | None] = mapped_column(Date)
    spent: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("0"),
        comment="mails handed over on spent_on, a day of the workspace",
    )
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)

    def left_on(self, day: date) -> int:
        """How many mails it may still send on `day`."""
        return self.daily_cap - (self.spent if self.spent_on == day else 0)
