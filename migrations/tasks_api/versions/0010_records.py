"""Tasks and notes are records: they have an external id, a source, an author and an instant of
another platform, and a history.

What opened a task is `opened_by`, for `source` is where a record comes from; when it was opened is
when it was written. No release ran these columns under their old names.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RENAMED = (("source", "opened_by"), ("opened_at", "authored_at"))
TABLES = ("tasks", "notes")


def upgrade() -> None:
    for before, now in RENAMED:
        renamed(before, now)
    for table in TABLES:
        op.execute(f"alter table {table} add column external_id text, add column source text")
        op.execute(
            "-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid\n"
            f"alter table {table} add constraint uq_{table}_workspace_id_external_id"
            " unique (workspace_id, external_id)"
        )
    op.execute("alter table tasks add column author_id uuid")
    op.execute(
        "update tasks t set author_id = m.id from members m"
        " where m.workspace_id = t.workspace_id and t.opened_by ->> 'type' = 'person'"
        " and m.id::text = t.opened_by ->> 'id'"
    )
    op.execute("alter table notes add column authored_at timestamptz")
    op.execute("update notes set authored_at = created_at")
    op.execute(
        "-- squawk-ignore adding-not-nullable-field\n"
        "alter table notes alter column authored_at set not null"
    )
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_notes_list on notes (workspace_id, authored_at, id)"
    )
    op.execute(
        """
        create table field_changes (
            workspace_id uuid not null,
            record_id uuid not null,
            id uuid not null,
            record_type text not null,
            field text not null,
            old jsonb,
            new jsonb,
            valid_from timestamptz not null,
            known_at timestamptz not null,
            cause jsonb not null,
            constraint pk_field_changes primary key (workspace_id, record_id, id)
        )
        """
    )
    op.execute("comment on column field_changes.record_id is 'of a task or a note'")
    op.execute(
        "comment on column field_changes.valid_from is 'when it became true: workspace time'"
    )
    op.execute("comment on column field_changes.known_at is 'when we learned it: machine time'")
    enable_rls("field_changes", app_role="tenure_tasks", grants="select, insert, delete")


def renamed(before: str, now: str) -> None:
    op.execute(
        f"-- squawk-ignore renaming-column\nalter table tasks rename column {before} to {now}"
    )


def downgrade() -> None:
    op.execute("drop table field_changes")
    op.execute("drop index ix_notes_list")
    op.execute("alter table notes drop column authored_at")
    op.execute("alter table tasks drop column author_id")
    for table in TABLES:
        op.execute(f"alter table {table} drop column external_id, drop column source")
    for before, now in RENAMED:
        renamed(now, before)
