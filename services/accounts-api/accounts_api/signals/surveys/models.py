from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
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
from accounts_api.signals.surveys.rules import Fatigue, SurveyKind
from shared.columns import AT, created, versioned, workspace_key
from shared.keys import key_column

_LIVE = text("archived_at is null")

surveys = Table(
    "surveys",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    key_column(),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("kind", Text, nullable=False),
    Column("questions", JSONB, nullable=False),
    Column(
        "question_version",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="grows when the questions become others; answers keep the one they were given to",
    ),
    Column(
        "audience",
        JSONB(none_as_null=True),
        comment="a rule over contacts; null: every contact",
    ),
    Column("include_churned", Boolean, nullable=False, server_default=text("false")),
    Column("same_survey_days", Integer, comment="null: the same survey may be sent at any time"),
    Column("any_survey_days", Integer, comment="null: other surveys do not matter"),
    Column("account_days", Integer),
    Column("account_count", Integer, comment="how many may be asked at an account in account_days"),
    Column("link_days", Integer, nullable=False, comment="how long a link can be answered"),
    Column("archived_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint("kind in ('nps', 'csat', 'ces', 'custom')", name="kind"),
    CheckConstraint("(account_days is null) = (account_count is null)", name="quota"),
    Index(
        "uq_surveys_workspace_id_key", "workspace_id", "key", unique=True, postgresql_where=_LIVE
    ),
    Index(
        "uq_surveys_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=_LIVE,
    ),
)
survey_versions = Table(
    "survey_versions",
    Base.metadata,
    workspace_key(),
    Column("survey_id", Uuid, nullable=False),
    Column("question_version", Integer, nullable=False),
    Column("questions", JSONB, nullable=False),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "survey_id", "question_version"),
    ForeignKeyConstraint(
        ["workspace_id", "survey_id"], ["accounts.surveys.workspace_id", "accounts.surveys.id"]
    ),
)


@dataclass(frozen=True, slots=True)
class Survey:
    id: UUID
    key: str
    title: str
    description: str | None
    kind: SurveyKind
    questions: list[dict[str, Any]]
    question_version: int
    audience: dict[str, Any] | None
    include_churned: bool
    same_survey_days: int | None
    any_survey_days: int | None
    account_days: int | None
    account_count: int | None
    link_days: int
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def fatigue(self) -> Fatigue:
        return Fatigue(
            self.same_survey_days, self.any_survey_days, self.account_days, self.account_count
        )


__all__ = ["Survey", "survey_versions", "surveys"]
