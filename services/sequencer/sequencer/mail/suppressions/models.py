from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from sequencer.db import Base
from shared.columns import AT


class Suppression(Base):
    """An address that nothing is sent to."""

    __tablename__ = "suppressions"
    __table_args__ = (
        UniqueConstraint("workspace_id", "address"),
        CheckConstraint(
            "reason in ('hard_bounce', 'soft_bounces', 'unsubscribed', 'complained', 'manual')",
            name="reason",
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[UUID | None] = mapped_column(Uuid)
    expires_at: Mapped[datetime | None] = mapped_column(
        AT, comment="workspace time; null lasts until lifted"
    )
    created_at: Mapped[datetime] = mapped_column(AT)
