"""Connections, their runs, and what a source system last said of each record."""

from alembic import op

from shared.migrations import enable_rls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "connections",
    "connection_tokens",
    "sync_runs",
    "described_objects",
    "sync_windows",
    "source_records",
)


def upgrade() -> None:
    op.execute(
        """
        create table connections (
            workspace_id uuid not null,
            id uuid not null,
            system text not null,
            title text not null,
            settings jsonb not null,
            credentials bytea not null,
            mapping jsonb,
            mapping_version integer not null default 1,
            every_seconds integer not null,
            status text not null default 'ok',
            reason text,
            failures integer not null default 0,
            next_run_at timestamptz not null default clock_timestamp(),
            lease_token uuid,
            lease_until timestamptz,
            synced_at timestamptz,
            full_sync_at timestamptz,
            removed_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_connections primary key (workspace_id, id),
            constraint ck_connections_system check (system in ('salesforce', 'imap')),
            constraint ck_connections_status
                check (status in ('ok', 'failing', 'needs_reauth', 'paused'))
        )
        """
    )
    op.execute(
        "create unique index uq_connections_workspace_id_title on connections (workspace_id, title)"
        " where removed_at is null"
    )
    op.execute(
        "create index ix_connections_system_next_run_at on connections (system, next_run_at)"
        " where status in ('ok', 'failing') and removed_at is null"
    )
    op.execute(
        "comment on column connections.credentials is 'sealed, bound to workspace, table and row'"
    )
    op.execute("comment on column connections.mapping is 'null: the mapping that ships'")
    op.execute(
        """
        create table connection_tokens (
            workspace_id uuid not null,
            connection_id uuid not null,
            sealed bytea,
            generation integer not null default 0,
            obtained_at timestamptz,
            refreshing_by uuid,
            refreshing_until timestamptz,
            constraint pk_connection_tokens primary key (workspace_id, connection_id),
            constraint fk_connection_tokens_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        """
        create table sync_runs (
            workspace_id uuid not null,
            id uuid not null,
            connection_id uuid not null,
            system text not null,
            direction text not null,
            kind text not null,
            status text not null,
            reason text,
            cause jsonb not null,
            objects jsonb not null default '{}',
            read integer not null default 0,
            written integer not null default 0,
            unchanged integer not null default 0,
            parked integer not null default 0,
            deleted integer not null default 0,
            requests integer not null default 0,
            held jsonb,
            approved boolean not null default false,
            attempt integer not null default 1,
            next_retry_at timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            started_at timestamptz,
            finished_at timestamptz,
            constraint pk_sync_runs primary key (workspace_id, id),
            constraint fk_sync_runs_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade,
            constraint ck_sync_runs_direction check (direction in ('pull', 'push')),
            constraint ck_sync_runs_kind check (kind in ('full', 'incremental')),
            constraint ck_sync_runs_status check (
                status in ('queued', 'running', 'held', 'succeeded', 'partial', 'failed'))
        )
        """
    )
    op.execute(
        "create unique index uq_sync_runs_open on sync_runs (workspace_id, connection_id, status)"
        " where status in ('queued', 'running', 'held')"
    )
    op.execute(
        "create index ix_sync_runs_workspace_id_connection_id_id"
        " on sync_runs (workspace_id, connection_id, id)"
    )
    op.execute("create index ix_sync_runs_finished_at on sync_runs (finished_at)")
    op.execute(
        """
        create table described_objects (
            workspace_id uuid not null,
            connection_id uuid not null,
            object text not null,
            fields jsonb not null,
            last_modified text,
            described_at timestamptz not null default clock_timestamp(),
            constraint pk_described_objects primary key (workspace_id, connection_id, object),
            constraint fk_described_objects_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        """
        create table sync_windows (
            workspace_id uuid not null,
            connection_id uuid not null,
            object text not null,
            cursor timestamptz,
            low timestamptz,
            high timestamptz,
            until timestamptz,
            last_modstamp timestamptz,
            last_id text,
            scan_id uuid,
            scanned_at timestamptz,
            deleted_until timestamptz,
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_sync_windows primary key (workspace_id, connection_id, object),
            constraint fk_sync_windows_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        "comment on column sync_windows.cursor is"
        " 'the source''s clock up to which every row has been dealt with'"
    )
    op.execute(
        "comment on column sync_windows.scanned_at is"
        " 'our clock when all rows had been met last; null asks for it'"
    )
    op.execute(
        """
        create table source_records (
            workspace_id uuid not null,
            connection_id uuid not null,
            object text not null,
            external_id text collate "C" not null,
            modstamp timestamptz not null,
            hash bytea not null,
            content jsonb not null,
            parent_id text collate "C",
            record_id uuid,
            state text not null,
            reason text,
            merged_into text,
            attempts integer not null default 0,
            retry_at timestamptz,
            scan_id uuid,
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_source_records
                primary key (workspace_id, connection_id, object, external_id),
            constraint fk_source_records_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade,
            constraint ck_source_records_state check (
                state in ('synced', 'parked', 'stale', 'doomed', 'deleted', 'merged'))
        )
        """
    )
    op.execute(
        "create index ix_source_records_open on source_records"
        " (workspace_id, connection_id, object, state, retry_at)"
        " where state in ('parked', 'stale', 'doomed')"
    )
    op.execute(
        "create index ix_source_records_parent on source_records"
        " (workspace_id, connection_id, object, parent_id) where parent_id is not null"
    )
    for table in TABLES:
        enable_rls(table, app_role="tenure_sync")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
