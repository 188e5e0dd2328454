from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
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
from shared.columns import AT, created, versioned, workspace_key

survey_responses = Table(
    "survey_responses",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("survey_id", Uuid, nullable=False),
    Column("question_version", Integer, nullable=False),
    Column("contact_id", Uuid),
    Column("account_id", Uuid),
    Column("invitation_id", Uuid),
    Column("external_id", Text),
    Column("source", Text),
    Column("answers", JSONB, nullable=False, comment="values by the keys of the questions"),
    Column("score", Integer),
    Column("comment", Text),
    Column("responded_at", AT, nullable=False, comment="workspace time of the first answer"),
    Column("erased_at", AT, comment="since when it is of nobody and holds no text"),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "survey_id"], ["accounts.surveys.workspace_id", "accounts.surveys.id"]
    ),
    Index(
        "uq_survey_responses_invitation_id",
        "workspace_id",
        "invitation_id",
        unique=True,
        postgresql_where=text("invitation_id is not null"),
    ),
    Index(
        "uq_survey_responses_external_id",
        "workspace_id",
        "external_id",
        unique=True,
        postgresql_where=text("external_id is not null"),
    ),
    Index(None, "workspace_id", "responded_at", "id"),
    Index(None, "workspace_id", "survey_id", "responded_at", "id"),
    Index(None, "workspace_id", "contact_id", "responded_at", "id"),
    Index(None, "workspace_id", "account_id", "responded_at", "id"),
)
survey_response_versions = Table(
    "survey_response_versions",
    Base.metadata,
    workspace_key(),
    Column("response_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("question_version", Integer, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("score", Integer),
    Column("comment", Text),
    Column("effective_at", AT, nullable=False, comment="workspace time from which they said so"),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "response_id", "version"),
    ForeignKeyConstraint(
        ["workspace_id", "response_id"],
        ["accounts.survey_responses.workspace_id", "accounts.survey_responses.id"],
    ),
)


@dataclass(frozen=True, slots=True)
class Response:
    id: UUID
    survey_id: UUID
    question_version: int
    contact_id: UUID | None
    account_id: UUID | None
    invitation_id: UUID | None
    external_id: str | None
    source: str | None
    answers: dict[str, Any]
    score: int | None
    comment: str | None
    responded_at: datetime
    erased_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


__all__ = ["Response", "survey_response_versions", "survey_responses"]
