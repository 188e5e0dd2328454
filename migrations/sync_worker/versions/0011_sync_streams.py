"""Where each stream was left, as its connector says it; which systems there are is said by code.

What was left by windows of stamps goes on from the same place. The table of windows stays for the
release that still reads it: what both read is the same, and reading twice changes nothing.
"""

from alembic import op

from shared.migrations import enable_rls

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table sync_streams (
            workspace_id uuid not null,
            connection_id uuid not null,
            stream text not null,
            checkpoint jsonb,
            complete_until timestamptz,
            scan_id uuid,
            scanned_at timestamptz,
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_sync_streams primary key (workspace_id, connection_id, stream),
            constraint fk_sync_streams_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade
        )
        """
    )
    op.execute(
        "comment on column sync_streams.complete_until is"
        " 'the source''s clock up to which no row is missing'"
    )
    op.execute(
        "comment on column sync_streams.scanned_at is"
        " 'our clock when all rows had been met last; null asks for it'"
    )
    op.execute(
        """
        insert into sync_streams (workspace_id, connection_id, stream, checkpoint, complete_until,
                                  scan_id, scanned_at)
        select workspace_id, connection_id, object,
               jsonb_strip_nulls(jsonb_build_object(
                   'format', 1, 'cursor', cursor, 'low', low, 'high', high, 'until', until,
                   'after', case when last_modstamp is not null and last_id is not null
                            then jsonb_build_array(last_modstamp, last_id) end,
                   'everything', scan_id is not null, 'deleted_until', deleted_until)),
               cursor, scan_id, scanned_at
        from sync_windows
        """
    )
    enable_rls("sync_streams", app_role="tenure_sync")
    # The release that still runs writes only what the constraint allowed.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "alter table connections drop constraint ck_connections_system"
    )


def downgrade() -> None:
    op.execute(
        "alter table connections add constraint ck_connections_system"
        " check (system in ('salesforce', 'imap'))"
    )
    op.execute("drop table sync_streams")
