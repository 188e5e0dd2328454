"""CSV imports, and when memberships of segments were learned."""

from alembic import op

from shared.migrations import enable_rls

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APP = "tenure_accounts"
TABLES = ("imports", "import_chunks", "import_rows")


def upgrade() -> None:
    imports()
    for table in TABLES:
        enable_rls(table, app_role=APP)
    the_past()


def imports() -> None:
    op.execute(
        """
        create table imports (
            workspace_id uuid not null,
            id uuid not null,
            record_type text not null,
            file_name text not null,
            status text not null default 'waiting',
            amounts text not null,
            empty_cells text not null,
            delimiter text,
            upload_id uuid,
            columns jsonb not null default '[]',
            mapping jsonb not null default '{}',
            size_bytes bigint not null default 0,
            rows integer not null default 0,
            done_rows integer not null default 0,
            next_chunk integer not null default 0,
            created integer not null default 0,
            updated integer not null default 0,
            unchanged integer not null default 0,
            refused integer not null default 0,
            may_edit text[] not null default '{}',
            is_source boolean not null default false,
            cause jsonb not null default '[]',
            attempts integer not null default 0,
            try_at timestamptz not null default clock_timestamp(),
            failure text,
            started_at timestamptz,
            finished_at timestamptz,
            file_removed_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_imports primary key (workspace_id, id),
            constraint ck_imports_status check (status in
                ('waiting', 'ready', 'running', 'finished', 'failed', 'cancelled')),
            constraint ck_imports_amounts check (amounts in ('minor', 'major')),
            constraint ck_imports_empty_cells check (empty_cells in ('leave', 'clear'))
        )
        """
    )
    op.execute("create index ix_imports_running on imports (try_at) where status = 'running'")
    op.execute(
        "create index ix_imports_file on imports (updated_at)"
        " where file_removed_at is null and status <> 'running'"
    )
    op.execute(
        """
        create table import_chunks (
            workspace_id uuid not null,
            import_id uuid not null,
            upload_id uuid not null,
            number integer not null,
            rows jsonb not null,
            created_at timestamptz not null default clock_timestamp(),
            constraint pk_import_chunks
                primary key (workspace_id, import_id, upload_id, number),
            constraint fk_import_chunks_workspace_id_import_id_imports
                foreign key (workspace_id, import_id) references imports (workspace_id, id)
        )
        """
    )
    op.execute(
        """
        create table import_rows (
            workspace_id uuid not null,
            import_id uuid not null,
            row integer not null,
            chunk integer not null,
            status text not null,
            record_id uuid,
            external_id text,
            errors jsonb,
            constraint pk_import_rows primary key (workspace_id, import_id, row),
            constraint fk_import_rows_workspace_id_import_id_imports
                foreign key (workspace_id, import_id) references imports (workspace_id, id),
            constraint ck_import_rows_status check (status in ('created', 'updated', 'refused'))
        )
        """
    )
    op.execute(
        "create index ix_import_rows_of_status on import_rows"
        " (workspace_id, import_id, status, row)"
    )
    for table, column, comment in (
        ("imports", "upload_id", "whose chunks are the file; others are left over"),
        ("imports", "mapping", "target by column; null leaves the column out"),
        ("imports", "next_chunk", "chunks before it are stored: the checkpoint"),
        ("imports", "may_edit", "whose traits the one who started it may edit"),
        ("imports", "is_source", "started by a service of ours"),
        ("import_chunks", "rows", "pairs of the row''s number in the file and its cells"),
    ):
        op.execute(f"comment on column {table}.{column} is '{comment}'")


def the_past() -> None:
    """When a stay in a segment and its end were learned."""
    op.execute("alter table segment_members add column known_at timestamptz")
    op.execute("alter table segment_members alter column known_at set default clock_timestamp()")
    op.execute("alter table segment_members add column left_known_at timestamptz")
    op.execute("comment on column segment_members.known_at is 'when we learned it: machine time'")


def downgrade() -> None:
    op.execute("alter table segment_members drop column left_known_at")
    op.execute("alter table segment_members drop column known_at")
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
