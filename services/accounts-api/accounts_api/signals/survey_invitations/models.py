from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from accounts_api.signals.survey_invitations.rules import InvitationState, Via
from shared.columns import AT, created, workspace_key

survey_invitations = Table(
    "survey_invitations",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("survey_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("via", Text, nullable=False),
    Column(
        "request_key",
        Text,
        comment="by which a service asks again for the same invitation; null: nobody will",
    ),
    Column("question_version", Integer, nullable=False),
    Column("invited_at", AT, nullable=False, comment="workspace time"),
    Column("expires_at", AT, nullable=False, comment="workspace time"),
    Column("answered_at", AT, comment="workspace time"),
    Column("withdrawn_at", AT, comment="workspace time; it counts no more as having been asked"),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "survey_id"], ["accounts.surveys.workspace_id", "accounts.surveys.id"]
    ),
    CheckConstraint("via in ('api', 'sequence', 'playbook')", name="via"),
    Index(None, "workspace_id", "contact_id", "invited_at"),
    Index(
        None,
        "workspace_id",
        "account_id",
        "invited_at",
        postgresql_where=text("account_id is not null"),
    ),
    Index(None, "workspace_id", "survey_id", "invited_at", "id"),
    Index(
        "uq_survey_invitations_request_key",
        "workspace_id",
        "survey_id",
        "request_key",
        unique=True,
        postgresql_where=text("request_key is not null"),
    ),
)


@dataclass(frozen=True, slots=True)
class Invitation:
    id: UUID
    survey_id: UUID
    contact_id: UUID
    account_id: UUID | None
    via: Via
    request_key: str | None
    question_version: int
    invited_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    withdrawn_at: datetime | None
    created_at: datetime

    def state(self, now: datetime) -> InvitationState:
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.answered_at is not None:
            return "answered"
        return "expired" if self.expires_at <= now else "sent"


__all__ = ["Invitation", "survey_invitations"]
