"""Surveys: what is asked, who was asked, and what they said."""

from alembic import op

from shared.migrations import enable_rls

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table surveys (
            workspace_id uuid not null,
            id uuid not null,
            key text not null default ('k' || replace(gen_random_uuid()::text, '-', '')),
            title text not null,
            description text,
            kind text not null,
            questions jsonb not null,
            question_version integer not null default 1,
            audience jsonb,
            include_churned boolean not null default false,
            same_survey_days integer,
            any_survey_days integer,
            account_days integer,
            account_count integer,
            link_days integer not null,
            archived_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_surveys primary key (workspace_id, id),
            constraint ck_surveys_kind check (kind in ('nps', 'csat', 'ces', 'custom')),
            constraint ck_surveys_quota check ((account_days is null) = (account_count is null))
        )
        """
    )
    for column, comment in {
        "question_version": "grows when the questions become others; answers keep the one they were"
        " given to",
        "audience": "a rule over contacts; null: every contact",
        "same_survey_days": "null: the same survey may be sent at any time",
        "any_survey_days": "null: other surveys do not matter",
        "account_count": "how many may be asked at an account in account_days",
        "link_days": "how long a link can be answered",
    }.items():
        op.execute(f"comment on column surveys.{column} is '{comment}'")
    for column in ("key", "title"):
        op.execute(
            f"create unique index uq_surveys_workspace_id_{column} on surveys"
            f" (workspace_id, {column}) where archived_at is null"
        )
    op.execute(
        """
        create table survey_versions (
            workspace_id uuid not null,
            survey_id uuid not null,
            question_version integer not null,
            questions jsonb not null,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_survey_versions primary key (workspace_id, survey_id, question_version),
            constraint fk_survey_versions_workspace_id_survey_id_surveys
                foreign key (workspace_id, survey_id) references surveys (workspace_id, id)
        )
        """
    )
    _invitations()
    _responses()
    for table in (
        "surveys",
        "survey_versions",
        "survey_invitations",
        "survey_responses",
        "survey_response_versions",
    ):
        enable_rls(table, app_role=APP)


def _invitations() -> None:
    op.execute(
        """
        create table survey_invitations (
            workspace_id uuid not null,
            id uuid not null,
            survey_id uuid not null,
            contact_id uuid not null,
            account_id uuid,
            via text not null,
            request_key text,
            question_version integer not null,
            invited_at timestamptz not null,
            expires_at timestamptz not null,
            answered_at timestamptz,
            withdrawn_at timestamptz,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_survey_invitations primary key (workspace_id, id),
            constraint ck_survey_invitations_via check (via in ('api', 'sequence', 'playbook')),
            constraint fk_survey_invitations_workspace_id_survey_id_surveys
                foreign key (workspace_id, survey_id) references surveys (workspace_id, id)
        )
        """
    )
    for column, comment in {
        "request_key": "by which a service asks again for the same invitation; null: nobody will",
        "invited_at": "workspace time",
        "expires_at": "workspace time",
        "answered_at": "workspace time",
        "withdrawn_at": "workspace time; it counts no more as having been asked",
    }.items():
        op.execute(f"comment on column survey_invitations.{column} is '{comment}'")
    for statement in (
        "create index ix_survey_invitations_workspace_id_contact_id_invited_at"
        " on survey_invitations (workspace_id, contact_id, invited_at)",
        "create index ix_survey_invitations_workspace_id_account_id_invited_at"
        " on survey_invitations (workspace_id, account_id, invited_at)"
        " where account_id is not null",
        "create index ix_survey_invitations_workspace_id_survey_id_invited_at_id"
        " on survey_invitations (workspace_id, survey_id, invited_at, id)",
        "create unique index uq_survey_invitations_request_key"
        " on survey_invitations (workspace_id, survey_id, request_key)"
        " where request_key is not null",
    ):
        op.execute(statement)


def _responses() -> None:
    op.execute(
        """
        create table survey_responses (
            workspace_id uuid not null,
            id uuid not null,
            survey_id uuid not null,
            question_version integer not null,
            contact_id uuid,
            account_id uuid,
            invitation_id uuid,
            external_id text,
            source text,
            answers jsonb not null,
            score integer,
            comment text,
            responded_at timestamptz not null,
            erased_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_survey_responses primary key (workspace_id, id),
            constraint fk_survey_responses_workspace_id_survey_id_surveys
                foreign key (workspace_id, survey_id) references surveys (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table survey_response_versions (
            workspace_id uuid not null,
            response_id uuid not null,
            version integer not null,
            question_version integer not null,
            answers jsonb not null,
            score integer,
            comment text,
            effective_at timestamptz not null,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_survey_response_versions primary key (workspace_id, response_id, version),
            constraint fk_survey_response_versions_workspace_id_response_id_su_176a
                foreign key (workspace_id, response_id)
                references survey_responses (workspace_id, id)
        )
        """
    )
    for column, comment in {
        "survey_responses.answers": "values by the keys of the questions",
        "survey_responses.responded_at": "workspace time of the first answer",
        "survey_responses.erased_at": "since when it is of nobody and holds no text",
        "survey_response_versions.effective_at": "workspace time from which they said so",
    }.items():
        op.execute(f"comment on column {column} is '{comment}'")
    for column in ("invitation_id", "external_id"):
        op.execute(
            f"create unique index uq_survey_responses_{column} on survey_responses"
            f" (workspace_id, {column}) where {column} is not null"
        )
    op.execute(
        "create index ix_survey_responses_workspace_id_responded_at_id on survey_responses"
        " (workspace_id, responded_at, id)"
    )
    for column in ("survey_id", "contact_id", "account_id"):
        op.execute(
            f"create index ix_survey_responses_workspace_id_{column}_responded_at_id"
            f" on survey_responses (workspace_id, {column}, responded_at, id)"
        )


def downgrade() -> None:
    for table in (
        "survey_response_versions",
        "survey_responses",
        "survey_invitations",
        "survey_versions",
        "surveys",
    ):
        op.execute(f"drop table {table}")
