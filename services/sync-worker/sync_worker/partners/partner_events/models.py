from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Identity, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from shared.foundation import Xid8
from sync_worker.db import Base


class PartnerEvent(Base):
    """A fact as partners see it, in the order in which we learned it. `data` and `cause` leave as
    they were written: they are JSON text that nobody searches.
    """

    __tablename__ = "partner_events"
    __table_args__ = (
        Index("ix_partner_events_feed", "workspace_id", "xid", "seq"),
        Index(None, "workspace_id", "recorded_at"),
        Index("ix_partner_events_age", "recorded_at", postgresql_using="brin"),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(
        Uuid, primary_key=True, comment="of the event that a service published"
    )
    xid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    cause: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    occurred_at: Mapped[datetime] = mapped_column(AT)
    recorded_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class FeedFloor(Base):
    """The last event of a workspace that is no longer kept: whoever has not read it missed some."""

    __tablename__ = "partner_feed_floors"
    __table_args__ = ({"comment": "last event that is no longer kept"},)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    xid: Mapped[str] = mapped_column(Xid8())
    seq: Mapped[int] = mapped_column(BigInteger)
