from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from accounts_api.db import Base
from shared.auth import Role
from shared.columns import AT, NOW


class Member(Base):
    """A person of the workspace. Never deleted: history names them; `active` ends their access."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email_key"),
        UniqueConstraint("workspace_id", "external_id"),
        ForeignKeyConstraint(["workspace_id"], ["accounts.workspaces.workspace_id"]),
        CheckConstraint("role in ('admin', 'leader', 'team_member', 'observer')", name="role"),
        Index(None, "workspace_id", "full_name", "id"),
    )
    # The answer to a change shows when it was made.
    __mapper_args__ = {"eager_defaults": True}

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    full_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    """As `shared.mail.addresses.email_key` makes it: the same mailbox is the same person."""
    role: Mapped[Role] = mapped_column(Text)
    time_zone: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        AT, server_default=NOW, onupdate=func.clock_timestamp()
    )
