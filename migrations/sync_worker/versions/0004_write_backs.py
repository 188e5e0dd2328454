"""Values on their way back to the systems that records came from."""

from alembic import op

from shared.migrations import enable_rls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table write_backs (
            workspace_id uuid not null,
            connection_id uuid not null,
            object text not null,
            external_id text collate "C" not null,
            field text not null,
            value jsonb,
            cause jsonb not null,
            revision integer not null default 1,
            state text not null default 'pending',
            attempts integer not null default 0,
            next_attempt_at timestamptz not null default clock_timestamp(),
            lease_until timestamptz,
            reason text,
            record_version bigint not null,
            created_at timestamptz not null default clock_timestamp(),
            updated_at timestamptz not null default clock_timestamp(),
            constraint pk_write_backs
                primary key (workspace_id, connection_id, object, external_id, field),
            constraint fk_write_backs_workspace_id_connection_id_connections
                foreign key (workspace_id, connection_id)
                references connections (workspace_id, id) on delete cascade,
            constraint ck_write_backs_state check (state in ('pending', 'done', 'parked'))
        )
        """
    )
    op.execute(
        "comment on column write_backs.revision is"
        " 'grows with each newer value, so that an answer for an older one ends nothing'"
    )
    op.execute(
        "create index ix_write_backs_next_attempt_at on write_backs (next_attempt_at)"
        " where state = 'pending'"
    )
    enable_rls("write_backs", app_role="tenure_sync")


def downgrade() -> None:
    op.execute("drop table write_backs")
