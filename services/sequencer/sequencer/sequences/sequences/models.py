from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from sequencer.db import Base
from shared.columns import AT, NOW


class Sequence(Base):
    """A draft that is edited, and which of its published versions new enrollments are pinned to."""

    __tablename__ = "sequences"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'enabled', 'disabled', 'archived')", name="state"),
        Index(
            "uq_sequences_workspace_id_title",
            "workspace_id",
            "title",
            unique=True,
            postgresql_where=text("state <> 'archived'"),
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=text("'draft'"))
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_version: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class SequenceVersion(Base):
    """Never changed once written: enrollments are pinned to it."""

    __tablename__ = "sequence_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "sequence_id"],
            ["sequencer.sequences.workspace_id", "sequencer.sequences.id"],
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sequence_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_by: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
