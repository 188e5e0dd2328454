"""Success metrics: their definitions with every version, and what each comes to for each record."""

from alembic import op

from shared.migrations import enable_rls

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

APP = "tenure_accounts"


def upgrade() -> None:
    op.execute(
        """
        create table metric_definitions (
            workspace_id uuid not null,
            id uuid not null,
            key text not null,
            title text not null,
            description text,
            record_type text not null,
            document jsonb not null,
            faults jsonb,
            archived_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_metric_definitions primary key (workspace_id, id),
            constraint ck_metric_definitions_record_type
                check (record_type in ('organization', 'account', 'contact'))
        )
        """
    )
    op.execute(
        "create unique index uq_metric_definitions_workspace_id_key"
        " on metric_definitions (workspace_id, key) where archived_at is null"
    )
    op.execute(
        "create unique index uq_metric_definitions_workspace_id_title"
        " on metric_definitions (workspace_id, title) where archived_at is null"
    )
    _comment("metric_definitions.document", "the sources, and how the value is worked out of them")
    _comment("metric_definitions.faults", "why it cannot be worked out any more")
    op.execute(
        """
        create table metric_versions (
            workspace_id uuid not null,
            metric_id uuid not null,
            version integer not null,
            title text not null,
            document jsonb not null,
            archived boolean not null,
            valid_from timestamptz not null,
            cause jsonb not null,
            constraint pk_metric_versions primary key (workspace_id, metric_id, version),
            constraint fk_metric_versions_workspace_id_metric_id_metric_definitions
                foreign key (workspace_id, metric_id) references metric_definitions (workspace_id, id)
        )
        """
    )
    _comment("metric_versions.valid_from", "workspace time from which it was so")
    op.execute(
        """
        create table metric_values (
            workspace_id uuid not null,
            metric_id uuid not null,
            record_id uuid not null,
            value numeric(18, 6),
            numerator numeric,
            denominator numeric,
            null_reason text,
            since date not null,
            computed_at timestamptz not null default clock_timestamp(),
            constraint pk_metric_values primary key (workspace_id, metric_id, record_id)
        ) with (fillfactor = 80)
        """
    )
    op.execute(
        "create index ix_metric_values_workspace_id_metric_id_value_record_id"
        " on metric_values (workspace_id, metric_id, value, record_id)"
    )
    op.execute(
        "create index ix_metric_values_workspace_id_record_id"
        " on metric_values (workspace_id, record_id)"
    )
    _comment("metric_values.since", "local day on which the value began")
    for table in ("metric_definitions", "metric_versions", "metric_values"):
        enable_rls(table, app_role=APP)


def _comment(column: str, text: str) -> None:
    op.execute(f"comment on column {column} is '{text}'")


def downgrade() -> None:
    for table in ("metric_values", "metric_versions", "metric_definitions"):
        op.execute(f"drop table {table}")
