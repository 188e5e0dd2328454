"""Rejected records and mails, and records that are pending deletion, are stored by these words.

No release ran these tables under their old names, so nothing runs beside this. What windows of
stamps left behind moved to sync_streams; their table goes.
"""

from collections.abc import Mapping, Sequence

from alembic import op

from shared.migrations import enable_rls

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = (
    ("sync_runs", "parked", "rejected"),
    ("connections", "parked_records", "rejected_records"),
    ("parked_mails", "parked_at", "rejected_at"),
)
STATES = (("parked", "rejected"), ("doomed", "pending_deletion"))
RECORD_STATES = ("synced", "parked", "stale", "doomed", "deleted", "merged")
WRITE_BACK_STATES = ("pending", "done", "parked")
KEYS = ("pk_{}", "fk_{}_workspace_id_connection_id_connections")


def upgrade() -> None:
    for table, before, now in COLUMNS:
        renamed(f"alter table {table} rename column {before} to {now}")
    op.execute("comment on column connections.rejected_records is 'as of the last run'")
    mails_are_called("parked_mails", "rejected_mails")
    states_are_called(STATES, dict(STATES))
    op.execute("-- squawk-ignore ban-drop-table\ndrop table sync_windows")


def downgrade() -> None:
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
    enable_rls("sync_windows", app_role="tenure_sync")
    back = [(now, before) for before, now in STATES]
    states_are_called(back, {})
    mails_are_called("rejected_mails", "parked_mails")
    comment = "'set aside, as of the last run'"
    op.execute(f"comment on column connections.rejected_records is {comment}")
    for table, before, now in reversed(COLUMNS):
        renamed(f"alter table {table} rename column {now} to {before}")


def renamed(statement: str) -> None:
    op.execute(f"-- squawk-ignore renaming-column, renaming-table, renaming-object\n{statement}")


def mails_are_called(before: str, now: str) -> None:
    renamed(f"alter table {before} rename to {now}")
    for key in KEYS:
        renamed(f"alter table {now} rename constraint {key.format(before)} to {key.format(now)}")


def states_are_called(changes: Sequence[tuple[str, str]], names: Mapping[str, str]) -> None:
    tables = (("source_records", RECORD_STATES), ("write_backs", WRITE_BACK_STATES))
    for table, states in tables:
        constraint = f"ck_{table}_state"
        allowed = ", ".join(f"'{names.get(state, state)}'" for state in states)
        op.execute(
            "-- squawk-ignore ban-drop-constraint\n"
            f"alter table {table} drop constraint {constraint}"
        )
        for before, now in changes:
            op.execute(f"update {table} set state = '{now}' where state = '{before}'")
        op.execute(
            "-- squawk-ignore constraint-missing-not-valid\n"
            f"alter table {table} add constraint {constraint} check (state in ({allowed}))"
        )
    op.execute(
        "-- squawk-ignore require-concurrent-index-deletion\ndrop index ix_source_records_open"
    )
    waiting = ", ".join(f"'{names.get(state, state)}'" for state in ("parked", "stale", "doomed"))
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_source_records_open on source_records"
        f" (workspace_id, connection_id, object, state, retry_at) where state in ({waiting})"
    )
