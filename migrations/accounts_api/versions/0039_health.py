"""Health scores: their definitions, what they give each record, its changes, and overrides.

`health_changes` is no partitioned table: its rows are kept as long as their record, none is ever
dropped by age, and they are read by score and record alone, which would touch the partition of
every month.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
VERDICT = """
            score integer,
            label text,
            computed_score integer,
            computed_label text,
            definition_key text,
            definitions_version integer,
            points integer[],
            null_reason text,
            capped_by text,
            override_id uuid"""


def of_score(table: str) -> str:
    return (
        f"constraint fk_{table}_workspace_id_score_id_health_score_types"
        " foreign key (workspace_id, score_id) references health_score_types (workspace_id, id)"
    )


def upgrade() -> None:
    types()
    definitions()
    values()
    changes()
    overrides()


def types() -> None:
    op.execute(
        """
        create table health_score_types (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            title text not null,
            record_type text not null,
            stop_at_churn boolean not null,
            publish_delta integer not null,
            definitions_version integer not null,
            faults jsonb,
            archived_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_health_score_types primary key (workspace_id, id),
            constraint ck_health_score_types_record_type
                check (record_type in ('account', 'contact', 'organization'))
        )
        """
    )
    for column in ("key", "title"):
        op.execute(
            f"create unique index uq_health_score_types_workspace_id_{column}"
            f" on health_score_types (workspace_id, {column}) where archived_at is null"
        )
    comment(
        "health_score_types.stop_at_churn",
        "an account keeps the score that it had when it churned",
    )
    comment(
        "health_score_types.publish_delta",
        "by how many points a score has moved since it was last told, to be told again",
    )
    comment(
        "health_score_types.definitions_version",
        "of the list of definitions, in health_definitions",
    )
    comment("health_score_types.faults", "why definitions cannot be used any more")
    enable_rls("health_score_types", app_role=APP)


def definitions() -> None:
    op.execute(
        f"""
        create table health_definitions (
            workspace_id uuid not null,
            score_id uuid not null,
            version integer not null,
            document jsonb not null,
            valid_from timestamptz not null,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_health_definitions primary key (workspace_id, score_id, version),
            {of_score("health_definitions")}
        )
        """
    )
    comment("health_definitions.document", "the whole list, in the order it decides")
    comment("health_definitions.valid_from", "workspace time")
    enable_rls("health_definitions", app_role=APP)


def values() -> None:
    op.execute(
        f"""
        create table health_scores (
            workspace_id uuid not null,
            score_id uuid not null,
            record_id uuid not null,{VERDICT},
            label_since timestamptz not null,
            told_score integer,
            computed_at timestamptz not null,
            constraint pk_health_scores primary key (workspace_id, score_id, record_id),
            {of_score("health_scores")},
            constraint ck_health_scores_score check (score between 0 and 100)
        ) with (fillfactor = 80)
        """
    )
    for column in ("label", "score"):
        op.execute(
            f"create index ix_health_scores_{column}"
            f" on health_scores (workspace_id, score_id, {column}, record_id)"
        )
    op.execute("create index ix_health_scores_of_record on health_scores (workspace_id, record_id)")
    of_verdict("health_scores")
    comment("health_scores.label_since", "workspace time")
    comment("health_scores.told_score", "what health.score_changed said last")
    comment("health_scores.computed_at", "workspace time")
    enable_rls("health_scores", app_role=APP)


def changes() -> None:
    op.execute(
        f"""
        create table health_changes (
            workspace_id uuid not null,
            score_id uuid not null,
            record_id uuid not null,
            id uuid not null,{VERDICT},
            inputs jsonb,
            valid_from timestamptz not null,
            known_at timestamptz not null default clock_timestamp(),
            cause jsonb not null,
            constraint pk_health_changes primary key (workspace_id, score_id, record_id, id),
            {of_score("health_changes")}
        )
        """
    )
    of_verdict("health_changes")
    comment("health_changes.inputs", "what the measures read, by their keys")
    comment("health_changes.valid_from", "workspace time")
    comment("health_changes.known_at", "machine time")
    enable_rls("health_changes", app_role=APP)


def overrides() -> None:
    op.execute(
        f"""
        create table health_overrides (
            workspace_id uuid not null,
            id uuid not null,
            score_id uuid not null,
            record_id uuid not null,
            label text,
            score integer,
            reason text not null,
            valid_from timestamptz not null,
            expires_at timestamptz not null,
            ended_at timestamptz,
            ended_by text,
            cause jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_health_overrides primary key (workspace_id, id),
            {of_score("health_overrides")},
            constraint ck_health_overrides_score check (score between 0 and 100),
            constraint ck_health_overrides_one_of_both check ((label is null) <> (score is null)),
            constraint ck_health_overrides_ended_by
                check (ended_by in ('person', 'expired', 'deleted', 'archived')),
            constraint ck_health_overrides_ended check ((ended_at is null) = (ended_by is null))
        )
        """
    )
    op.execute(
        "create unique index uq_health_overrides_active"
        " on health_overrides (workspace_id, score_id, record_id) where ended_at is null"
    )
    comment("health_overrides.valid_from", "workspace time")
    comment("health_overrides.expires_at", "workspace time")
    comment("health_overrides.ended_at", "workspace time; null while it holds")
    enable_rls("health_overrides", app_role=APP)


def of_verdict(table: str) -> None:
    comment(f"{table}.score", "0 to 100; null: none")
    comment(f"{table}.definitions_version", "of the list that decided")
    comment(f"{table}.points", "hundredths, of each measure in its order")


def comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    for table in (
        "health_overrides",
        "health_changes",
        "health_scores",
        "health_definitions",
        "health_score_types",
    ):
        op.execute(f"drop table {table}")
